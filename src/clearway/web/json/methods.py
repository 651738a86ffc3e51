"""The contract's methods, as JSON over HTTP offers them: found from its descriptors, not listed by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2

from clearway.server.servicers import SERVICES

NO_SIDE_EFFECTS = descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS
HEALTH = f"/{health_pb2.DESCRIPTOR.services_by_name['Health'].full_name}/Check"


@dataclass(frozen=True, slots=True)
class OfferedMethod:
    """A method: its path, which is its full name; its messages; whether it streams, and whether it only reads."""

    path: str
    request_type: type[Message]
    response_type: type[Message]
    streams: bool
    reads: bool

    @property
    def resumes(self) -> bool:
        """Whether a stream can be gone on with: an answer's `cursor` is the next request's `after`."""
        return (
            "cursor" in self.response_type.DESCRIPTOR.fields_by_name
            and "after" in self.request_type.DESCRIPTOR.fields_by_name
        )


def offered(services: Iterable[str] = SERVICES) -> Mapping[str, OfferedMethod]:
    """Path → method, of these services and of health."""
    pool = descriptor_pool.Default()
    found = [method for name in services for method in pool.FindServiceByName(name).methods]
    health = health_pb2.DESCRIPTOR.services_by_name["Health"].methods_by_name["Check"]
    return {method.path: method for method in map(method_of, (*found, health)) if method is not None}


def method_of(method: MethodDescriptor) -> OfferedMethod | None:
    """The method of a descriptor; None where its caller would have to stream, which one HTTP request cannot."""
    if method.client_streaming:
        return None
    return OfferedMethod(
        path=f"/{method.containing_service.full_name}/{method.name}",
        request_type=GetMessageClass(method.input_type),
        response_type=GetMessageClass(method.output_type),
        streams=method.server_streaming,
        reads=method.server_streaming or method.GetOptions().idempotency_level == NO_SIDE_EFFECTS,
    )
