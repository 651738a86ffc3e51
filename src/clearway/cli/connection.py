"""The command's line to a running service: address, retries, deadline, and errors turned into exits."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from google.rpc import error_details_pb2

from clearway.cli.exits import Exit
from clearway.cli.output import fail
from clearway.client.channels import CallMetadata, Metadata, options_of
from clearway.client.config import ConnectConfig, TLSConfig
from clearway.client.credentials import TLSFiles
from clearway.client.errors import status_in
from clearway.gen.v1.audit_service_pb2_grpc import AuditServiceStub
from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub
from clearway.gen.v1.deferral_service_pb2_grpc import DeferralServiceStub

DEFAULT_ADDRESS = "127.0.0.1:50051"
ASKED_WRONGLY = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
    }
)


def address_of_running(data_dir: Path | None = None) -> str:
    """Where the service of this folder says that it serves, else the default address."""
    folder = data_dir or Path(os.environ.get("CLEARWAY_DATA_DIR", "var"))
    try:
        return str(json.loads((folder / "serving.json").read_text())["address"])
    except (OSError, ValueError, KeyError):
        return DEFAULT_ADDRESS


def channel_to(server: str | None) -> grpc.Channel:
    """A channel to `server`, or to the service that this folder runs, with the credentials of the environment.

    Leaves where those cannot be used.
    """
    address = server or address_of_running()
    try:
        config = config_of(address, os.environ)
        metadata = CallMetadata(config).of(None)
        options = options_of(config)
        if config.tls is None:
            channel = grpc.insecure_channel(address, options)
        else:
            channel = grpc.secure_channel(address, TLSFiles(config.tls).loaded.credentials, options)
    except (OSError, ValueError) as fault:
        fail(f"the credentials of the environment cannot be used: {fault}", Exit.INVALID)
    return grpc.intercept_channel(channel, WithMetadata(metadata)) if metadata else channel


def config_of(address: str, environment: Mapping[str, str]) -> ConnectConfig:
    """How the command connects. Secrets come from files that the environment names; none stands on a command line.

    Raises ValueError for half of a pair, and for a token that would go to another machine in plain text.
    """

    def path(name: str) -> Path | None:
        value = environment.get(f"CLEARWAY_CLIENT_{name}", "")
        return Path(value) if value else None

    authority, certificate, key, token = path("CA"), path("CERTIFICATE"), path("KEY"), path("TOKEN_FILE")
    tls = None if authority is None and certificate is None else TLSConfig(authority, certificate, key)
    return ConnectConfig(address, tls=tls, token_file=token)


class WithMetadata(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Adds the same metadata to every call."""

    def __init__(self, metadata: Metadata) -> None:
        self._metadata = metadata

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Go on with the metadata."""
        return continuation(self._with(client_call_details), request)

    def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Go on with the metadata."""
        return continuation(self._with(client_call_details), request)

    def _with(self, details: Any) -> Any:
        given = tuple(details.metadata or ())
        return details._replace(metadata=(*given, *self._metadata))


@contextmanager
def check_service(server: str | None) -> Iterator[CheckServiceStub]:
    """A stub of the check service on such a channel."""
    with channel_to(server) as channel:
        yield CheckServiceStub(channel)


@contextmanager
def deferral_service(server: str | None) -> Iterator[DeferralServiceStub]:
    """A stub of the deferral service on such a channel."""
    with channel_to(server) as channel:
        yield DeferralServiceStub(channel)


@contextmanager
def audit_service(server: str | None) -> Iterator[AuditServiceStub]:
    """A stub of the audit service on such a channel."""
    with channel_to(server) as channel:
        yield AuditServiceStub(channel)


def error_document(error: grpc.RpcError) -> dict[str, Any]:
    """A failed call as JSON: code, reason, message, metadata, field violations."""
    document: dict[str, Any] = {"code": error.code().name, "reason": "", "message": error.details() or ""}
    return {"error": document | detail_parts(status_in(error))}


def detail_parts(status: Any) -> dict[str, Any]:
    """The reason, metadata and field violations of a `google.rpc.Status`."""
    parts: dict[str, Any] = {}
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        if detail.Unpack(info):
            parts |= {"reason": info.reason, "metadata": dict(info.metadata)}
        elif detail.Unpack(bad):
            parts["violations"] = MessageToDict(bad).get("fieldViolations", [])
    return parts


def fail_call(error: grpc.RpcError, as_json: bool) -> None:
    """Leave with the exit code that the failed call deserves, saying what is wrong and any suggestion."""
    code = Exit.INVALID if error.code() in ASKED_WRONGLY else Exit.NO_ANSWER
    document = error_document(error)
    fail(words_of(document["error"]), code, as_json_document=document if as_json else None)


def words_of(error: dict[str, Any]) -> str:
    """An error document in one or two lines."""
    lines = [f"{error['reason'] or error['code']}: {error['message']}"]
    suggestion = error.get("metadata", {}).get("suggestion")
    if suggestion:
        lines.append(f"Did you mean {suggestion}? Nothing was corrected; ask again with the right code.")
    lines += [
        f"  {violation['field']}: {violation['description']}"
        for violation in error.get("violations", [])
        if violation.get("field") and violation.get("description") != error["message"]
    ]
    return "\n".join(lines)
