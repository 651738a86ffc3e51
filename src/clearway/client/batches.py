"""Many checks, a hundred at a time. Free of transport, for the sync and the async client alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from clearway.client.answer import Answer, answer_in
from clearway.client.check import Check
from clearway.client.errors import ClearwayError, failure_of_status
from clearway.gen.v1 import check_service_pb2 as pb

MOST_CHECKS = 100
"""So many the contract takes at once."""
MOST_BYTES = 512 * 1024
"""Half of what a service takes in one message, as it is set up by default."""


def identified(check: Check, new_id: Callable[[], str]) -> Check:
    """The check with a request id, so that every attempt at it is the same check."""
    return check if check.request_id else replace(check, request_id=new_id())


def batches(
    checks: Iterable[Check], new_id: Callable[[], str]
) -> Iterator[tuple[list[Check], list[pb.CheckSubjectRequest]]]:
    """The checks in input order, in batches that one call takes, each with its messages.

    Raises ValueError for a check that asks for its own freshness: a batch is answered from one revision.
    """
    batch: list[Check] = []
    messages: list[pb.CheckSubjectRequest] = []
    size = 0
    for check in checks:
        if check.at_least_as_fresh:
            raise ValueError("freshness is the batch's to ask, not one check's")
        one = identified(check, new_id)
        message = one.message()
        if batch and (len(batch) == MOST_CHECKS or size + message.ByteSize() > MOST_BYTES):
            yield batch, messages
            batch, messages, size = [], [], 0
        batch.append(one)
        messages.append(message)
        size += message.ByteSize()
    if batch:
        yield batch, messages


def batch_request(messages: Sequence[pb.CheckSubjectRequest], at_least_as_fresh: str) -> pb.BatchCheckSubjectsRequest:
    """One call's request."""
    request = pb.BatchCheckSubjectsRequest(checks=messages)
    if at_least_as_fresh:
        request.consistency.at_least_as_fresh = at_least_as_fresh
    return request


def results_in(
    batch: Sequence[Check], response: pb.BatchCheckSubjectsResponse
) -> Iterator[tuple[Check, Answer | ClearwayError]]:
    """Each check with its answer, or with the error that it has alone."""
    for check, result in zip(batch, response.results, strict=True):
        if result.HasField("error"):
            yield check, failure_of_status(result.error, check.request_id)
        else:
            yield check, answer_in(result.response)


def nothing_for(batch: Sequence[Check], error: ClearwayError) -> Iterator[tuple[Check, Answer | ClearwayError]]:
    """Each check of a batch that nothing answered, with the error as its own."""
    return ((check, error.about(check.request_id)) for check in batch)
