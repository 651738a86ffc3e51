"""One check whole: what the officer saw, what it was made from, what happened afterwards, and its proof."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import grpc
from starlette.responses import Response

from clearway.catalogue.catalogue import Catalogue
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.server.reports.shown import shown_in
from clearway.subjects.schemes.roster import CITIZEN_NUMBER
from clearway.transparency.notes import Verifier
from clearway.web.console.pages import Pages
from clearway.web.console.proof import CheckProof, Given, check_proof
from clearway.web.console.refusals import Told, told_of
from clearway.web.console.search import SealedFilters
from clearway.web.console.visit import Visit

TREE_BEHIND = "TREE_BEHIND"
"""Why there is no proof yet."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A proof that was gone through, or what the service said instead of giving one."""

    proof: CheckProof | None = None
    told: Told | None = None

    @property
    def pending(self) -> bool:
        """Whether there is none yet: the check is some seconds old."""
        return self.told is not None and self.told.reason == TREE_BEHIND


class WholeCheck:
    """Answers the address of a check."""

    def __init__(
        self, catalogue: Catalogue, pages: Pages, filters: SealedFilters, witnesses: Sequence[Verifier]
    ) -> None:
        self._catalogue = catalogue
        self._pages = pages
        self._filters = filters
        self._witnesses = witnesses

    async def show(self, visit: Visit) -> Response:
        """The check's page."""
        found = await visit.audit.show(str(visit.request.path_params["check_id"]))
        return self._pages.page(
            visit,
            "check.html",
            found=found,
            check=found.check,
            decision=found.response.decision if found.HasField("response") else None,
            materials=materials_of(found.response.decision.materials),
            related=self._related(visit, found.check),
            proven=await self._proven(visit, found),
            verified_at=f"{visit.moment.astimezone(self._catalogue.zone):%Y-%m-%d %H:%M:%S}",
        )

    async def download(self, visit: Visit) -> Response:
        """The proof as a file (C2SP tlog-proof), under the tree that was asked for or the latest."""
        check_id = str(visit.request.path_params["check_id"])
        size = visit.asked("size")
        found = await visit.audit.proof(check_id, int(size) if re.fullmatch(r"\d{1,18}", size, re.ASCII) else 0)
        # The service took the id, so it is a check's, and can stand in a header.
        headers = {"content-disposition": f'attachment; filename="{check_id}.tlog-proof"'}
        return Response(found.proof, 200, headers, "text/plain; charset=utf-8")

    async def _proven(self, visit: Visit, found: pb.ShowCheckResponse) -> Proven:
        """The check's proof, gone through here; or why there is none to go through."""
        check_id = found.check.check_id
        try:
            proof, entry, keys = await asyncio.gather(
                visit.audit.proof(check_id), visit.audit.entry(check_id), visit.audit.log_keys()
            )
        except grpc.aio.AioRpcError as fault:
            return Proven(told=told_of(fault, visit.language))
        given = Given(proof.proof, entry.record, entry.salt, keys)
        shown = partial(shown_in, catalogue=self._catalogue, language=visit.language)
        return Proven(check_proof(given, found, shown, self._witnesses))

    def _related(self, visit: Visit, check: pb.CheckSummary) -> dict[str, str]:
        """Word → address of other checks that belong to this one."""
        whose = check.authority.code
        wanted = {
            "see_case": pb.CheckFilter(case_number=check.case_number, authority=whose) if check.case_number else None,
            "see_officer": pb.CheckFilter(officer=check.officer, authority=whose) if check.officer else None,
            "see_subject": of_subject(check),
        }
        return {name: self._filters.address(one, visit) for name, one in wanted.items() if one is not None}


def of_subject(check: pb.CheckSummary) -> pb.CheckFilter | None:
    """The checks of the same subject; None where its shown form is a mask, by which nobody is found."""
    if not check.scheme or check.scheme == CITIZEN_NUMBER or "*" in check.subject:
        return None
    wanted = pb.CheckFilter()
    wanted.subject.identifier.scheme, wanted.subject.identifier.value = check.scheme, check.subject
    return wanted


def materials_of(found: decision_pb2.Materials) -> list[tuple[str, list[tuple[str, str, bool, str]]]]:
    """Word → materials: name and code, deadline, whether that is provisional, how to hand in; empty ones left out."""
    essential = [(f"{one.name} ({one.code})", "", False, "") for one in found.missing_essential]
    rest = [(f"{one.name} ({one.code})", one.deadline, one.provisional, one.how) for one in found.deferrable]
    groups = {
        "missing_essential": essential,
        "deferrable": [one for one in rest if one[1]],
        "lacking": [one for one in rest if not one[1]],
    }
    return [(name, group) for name, group in groups.items() if group]
