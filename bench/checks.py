"""The requests that are sent: as a licensing system sends them, without a request id, so that each is a new check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.registry.synthetic import Character, code_of

SERVICE = "clearway.v1.CheckService"
ESSENTIAL = ("APPLICATION-FORM", "SAFETY-RULES", "PREMISES-PROOF")
DEFERRABLE = ("LAYOUT-PLAN", "STAFF-HEALTH-CERTIFICATES")
LARGEST_BATCH = 100


def check(code: str, materials: Sequence[str] = ESSENTIAL + DEFERRABLE) -> pb.CheckSubjectRequest:
    """A check of the organisation with that code."""
    request = pb.CheckSubjectRequest(
        item_code="FOOD-OPERATION",
        application_kind=pb.APPLICATION_KIND_NEW,
        case_number="BENCH-0001",
        officer="bench-officer",
        supplied_materials=materials,
    )
    request.subject.identifier.scheme = "cn-uscc"
    request.subject.identifier.value = code
    return request


MIX = (
    check(code_of(Character.TRUSTED)),
    check(code_of(Character.SERIOUS)),
    check(code_of(Character.TRUSTED_MODEL), ESSENTIAL),
    check(code_of(Character.UNKNOWN)),
)
"""Green channel, restriction, deferred acceptance, not listed: a quarter each."""


def batch(size: int = LARGEST_BATCH) -> pb.BatchCheckSubjectsRequest:
    """One call with as many checks, in the shares of the mix."""
    return pb.BatchCheckSubjectsRequest(checks=[MIX[number % len(MIX)] for number in range(size)])


def spread(count: int, subjects: int, seed: int = 1) -> Iterator[pb.CheckSubjectRequest]:
    """Checks of subjects from all over a registry of that many, the same ones every time."""
    random = Random(seed)
    for _ in range(count):
        yield check(code_of(random.randrange(subjects)))


def framed(message: bytes) -> bytes:
    """A message as gRPC puts it on the wire: not compressed, length first."""
    return b"\0" + len(message).to_bytes(4, "big") + message
