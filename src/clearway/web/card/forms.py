"""A filled-in form of the card, as the contract's message: what it asks for is held to its rules by the workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from google.protobuf.message import Message

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import deferral_service_pb2 as deferral_pb
from clearway.server.servicers import CHECK_SERVICE, DEFERRAL_SERVICE
from clearway.web.card import words

MOST_FIELDS = 2_000


class Form:
    """The fields of a form, each with every value that it was given."""

    def __init__(self, body: bytes) -> None:
        """Raises ValueError where the body is no form."""
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def one(self, name: str) -> str:
        """The first value of a field; empty where there is none."""
        return self._values.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        """Every value of a field."""
        return self._values.get(name, [])

    def given(self) -> Mapping[str, str]:
        """The first value of every field: what a form that was refused shows again."""
        return {name: values[0] for name, values in self._values.items() if name != "view"}


@dataclass(frozen=True, slots=True)
class Act:
    """Something that the card records: the method, and its message made of the form."""

    path: str
    message: Callable[[Form, str], Message]


def commitment(form: Form, check_id: str) -> Message:
    """The applicant's written commitment."""
    return deferral_pb.CommitRequest(
        check_id=check_id,
        officer=form.one("officer"),
        signatory=form.one("signatory").strip(),
        commitment_reference=form.one("reference").strip(),
    )


def notice(form: Form, check_id: str) -> Message:
    """The notice, under its check's id."""
    return deferral_pb.IssueNoticeRequest(check_id=check_id, officer=form.one("officer"))


class NothingChosen(ValueError):
    """A form was sent as it was. `problem` is what to say of it."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def supplement(form: Form, check_id: str) -> Message:
    """Materials that arrived. Raises `NothingChosen` where none is ticked."""
    if not form.all("material"):
        raise NothingChosen(words.NOTHING_TICKED)
    return deferral_pb.SupplementRequest(check_id=check_id, officer=form.one("officer"), materials=form.all("material"))


def outcome(form: Form, check_id: str) -> Message:
    """What became of each reason on which something was chosen, and of the case. Raises ValueError, `NothingChosen`."""
    told = pb.ReportOutcomeRequest(
        check_id=check_id,
        report_id=form.one("report"),
        officer=form.one("officer"),
        measures=measures(form),
        case_result=pb.CaseResult.Value(form.one("case_result") or "CASE_RESULT_UNSPECIFIED"),
    )
    if not told.measures and not told.case_result:
        raise NothingChosen(words.NOTHING_TOLD)
    return told


DEPARTING = ("MEASURE_RESULT_NOT_APPLIED", "MEASURE_RESULT_MODIFIED")


def measures(form: Form) -> Iterator[pb.MeasureOutcome]:
    """What was chosen of each reason; a reason on which nothing was chosen is left out.

    Raises ValueError for what the form does not offer.
    """
    for number, (measure, listing_id) in enumerate(zip(form.all("measure"), form.all("listing"), strict=True)):
        result = form.one(f"result-{number}")
        if not result:
            continue
        told = pb.MeasureOutcome(measure=measure, listing_id=listing_id, result=pb.MeasureResult.Value(result))
        # The fields of a departure stay filled in when another choice is made after all.
        if result in DEPARTING:
            told.reason = pb.DepartureReason.Value(form.one(f"reason-{number}") or "DEPARTURE_REASON_UNSPECIFIED")
            told.reason_text = form.one(f"text-{number}").strip()
        yield told


ACTS: Mapping[str, Act] = {
    "commitment": Act(f"/{DEFERRAL_SERVICE}/Commit", commitment),
    "notice": Act(f"/{DEFERRAL_SERVICE}/IssueNotice", notice),
    "supplement": Act(f"/{DEFERRAL_SERVICE}/Supplement", supplement),
    "outcome": Act(f"/{CHECK_SERVICE}/ReportOutcome", outcome),
}
"""The card's forms, by the last part of their address."""
