"""One check whole: what the officer saw, what it was made from, what happened afterwards."""

from __future__ import annotations

from starlette.responses import Response

from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.subjects.schemes.roster import CITIZEN_NUMBER
from clearway.web.console.pages import Pages
from clearway.web.console.search import SealedFilters
from clearway.web.console.visit import Visit


class WholeCheck:
    """Answers the address of a check."""

    def __init__(self, pages: Pages, filters: SealedFilters) -> None:
        self._pages = pages
        self._filters = filters

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
        )

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
