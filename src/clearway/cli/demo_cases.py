"""What the demonstration shows after its answers: an objection, who hears of it, a commitment, a departure.

What it does to the record it undoes, so that the next start shows the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import grpc
from rich.rule import Rule

from clearway.cli.card import Card
from clearway.cli.connection import channel_to
from clearway.cli.deferral_card import DeferralCard
from clearway.cli.output import console, plain
from clearway.cli.watching import print_change
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import deferral_service_pb2 as deferral_pb
from clearway.gen.v1 import registry_service_pb2 as registry_pb
from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub
from clearway.gen.v1.deferral_service_pb2_grpc import DeferralServiceStub
from clearway.gen.v1.registry_service_pb2_grpc import RegistryServiceStub

PATIENCE = 5.0
"""Seconds that an act may take."""

UNTIL_TOLD = 10.0
"""Seconds within which a pending case hears of a change."""


class Aftermath:
    """The demonstration's cases after their answers. `asked` and `answered` are its checks, by what they show."""

    def __init__(
        self,
        channel: grpc.Channel,
        asked: Mapping[str, pb.CheckSubjectRequest],
        answered: Mapping[str, pb.CheckSubjectResponse],
        officer: str,
    ) -> None:
        self._checks = CheckServiceStub(channel)
        self._deferrals = DeferralServiceStub(channel)
        self._registry = RegistryServiceStub(channel)
        self._asked = asked
        self._answered = answered
        self._officer = officer

    def show(self, number: int, restricted: str, deferred: str) -> None:
        """Show what follows for the restricted and for the deferred case; `number` is that of the first scene."""
        scenes: tuple[tuple[str, Callable[[], None]], ...] = (
            ("An objection is opened: the same question, asked again", lambda: self._object(restricted)),
            ("The commitment is taken, the notice handed over, the materials follow", lambda: self._defer(deferred)),
            ("The officer departs from the advice, and says why", lambda: self._depart(restricted)),
        )
        for place, (title, play) in enumerate(scenes, number):
            console.print(Rule(f"{place}. {title}", align="left"))
            play()

    def _object(self, case: str) -> None:
        """Open an objection, ask again, and see the pending case hear of it; then let the objection be rejected."""
        response = self._answered[case]
        (listing_id,) = {reason.listing_id for reason in response.decision.restrictions}
        with self._changes_of(response) as changes, self._objection(listing_id) as revision:
            request = pb.CheckSubjectRequest()
            request.CopyFrom(self._asked[case])
            request.case_number += "-AGAIN"
            request.consistency.at_least_as_fresh = revision
            Card(self._checks.CheckSubject(request, timeout=PATIENCE)).print(console)
            console.print("Meanwhile the case that was answered before hears that its answer has turned:")
            print_change(next(changes))

    @contextmanager
    def _objection(self, listing_id: str) -> Iterator[str]:
        """An open objection, and the revision that brought it; rejected at the end."""
        objection_id = f"DEMO-{time.time_ns()}"
        opened = self._registry.OpenObjection(
            registry_pb.OpenObjectionRequest(
                act=self._act("the subject says that it is another company"),
                listing_id=listing_id,
                objection_id=objection_id,
                grounds=registry_pb.OBJECTION_GROUNDS_WRONG,
            ),
            timeout=PATIENCE,
        )
        try:
            yield opened.recorded.revision
        finally:
            self._registry.ResolveObjection(
                registry_pb.ResolveObjectionRequest(
                    act=self._act("it is the same company"),
                    listing_id=listing_id,
                    objection_id=objection_id,
                    resolution=registry_pb.OBJECTION_RESOLUTION_REJECTED,
                ),
                timeout=PATIENCE,
            )

    @contextmanager
    def _changes_of(self, response: pb.CheckSubjectResponse) -> Iterator[Iterator[pb.CaseChange]]:
        """The changes of the check's case from now on."""
        stream = self._checks.WatchCases(pb.WatchCasesRequest(), timeout=UNTIL_TOLD)
        messages = iter(stream)
        next(messages)
        try:
            yield (m.change for m in messages if m.HasField("change") and m.change.check_id == response.check_id)
        finally:
            stream.cancel()

    def _defer(self, case: str) -> None:
        """Commit, hand the notice over, and supply what was promised."""
        response = self._answered[case]
        acting = {"check_id": response.check_id, "officer": self._officer}
        self._deferrals.Commit(
            deferral_pb.CommitRequest(**acting, signatory="法定代表人", commitment_reference="DEMO-COMMITMENT-1"),
            timeout=PATIENCE,
        )
        self._deferrals.IssueNotice(deferral_pb.IssueNoticeRequest(**acting), timeout=PATIENCE)
        materials = [material.code for material in response.decision.materials.deferrable]
        supplement = deferral_pb.SupplementRequest(**acting, materials=materials)
        DeferralCard(self._deferrals.Supplement(supplement, timeout=PATIENCE).deferral).print(console)

    def _depart(self, case: str) -> None:
        """Report that a mandatory measure was not applied, with the reason that this needs."""
        response = self._answered[case]
        reason = response.decision.restrictions[0]
        report = pb.ReportOutcomeRequest(
            check_id=response.check_id, report_id=f"{response.check_id}/1", officer=self._officer
        )
        report.measures.add(
            measure=reason.measure,
            listing_id=reason.listing_id,
            result=pb.MEASURE_RESULT_NOT_APPLIED,
            reason=pb.DEPARTURE_REASON_CONDITIONS_NOT_MET,
            reason_text="The premises applied for belong to another company.",
        )
        recorded = self._checks.ReportOutcome(report, timeout=PATIENCE)
        console.print(
            f"{plain(reason.measure_name)}: not applied. {plain(report.measures[0].reason_text)}\n"
            f"Recorded, departures from mandatory measures: {recorded.departures}; the case goes on."
        )

    def _act(self, why: str) -> registry_pb.Act:
        return registry_pb.Act(registrar="demo-registrar", reason=why)


@contextmanager
def aftermath(
    server: str,
    asked: Mapping[str, pb.CheckSubjectRequest],
    answered: Mapping[str, pb.CheckSubjectResponse],
    officer: str,
) -> Iterator[Aftermath]:
    """The demonstration's cases on a channel to the service."""
    with channel_to(server) as channel:
        yield Aftermath(channel, asked, answered, officer)
