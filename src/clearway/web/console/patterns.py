"""What in the checks of a period is worth a person's look."""

from __future__ import annotations

from datetime import date, timedelta

from starlette.responses import Response

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.explain import say
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.web.console.forms import DAY, day_in, set_beginning
from clearway.web.console.pages import Pages
from clearway.web.console.search import SealedFilters
from clearway.web.console.visit import Visit

LOOK_BACK = timedelta(days=30)


class Patterns:
    """Answers the address of unusual patterns."""

    def __init__(self, catalogue: Catalogue, pages: Pages, filters: SealedFilters) -> None:
        self._catalogue = catalogue
        self._pages = pages
        self._filters = filters

    async def show(self, visit: Visit) -> Response:
        """The page: every pattern, with a way to the checks that it was found in."""
        today = visit.moment.astimezone(self._catalogue.zone).date()
        since = day_in(visit.asked("since")) or today - LOOK_BACK
        until = day_in(visit.asked("until")) or today
        request = pb.ListUnusualPatternsRequest(authority=visit.asked("authority"))
        self._set_period(request, since, until)
        found = await visit.audit.patterns(request)
        return self._pages.page(
            visit,
            "patterns.html",
            found=found,
            since=since.isoformat(),
            until=until.isoformat(),
            authority=request.authority,
            authorities=[(one.code, say(one.name, visit.language)) for one in self._catalogue.edition.authorities],
            patterns=[(pattern, self._checks_of(pattern, since, until, visit)) for pattern in found.patterns],
        )

    def _checks_of(self, pattern: pb.UnusualPattern, since: date, until: date, visit: Visit) -> str:
        """Where the checks of a pattern's officer or principal in the period are shown."""
        wanted = pb.CheckFilter(authority=pattern.authority, officer=pattern.officer, caller=pattern.caller)
        self._set_period(wanted, since, until)
        return self._filters.address(wanted, visit)

    def _set_period(self, message: pb.ListUnusualPatternsRequest | pb.CheckFilter, since: date, until: date) -> None:
        """Put a period of whole days, both included, into a message."""
        set_beginning(message.since, since, self._catalogue.zone)
        set_beginning(message.until, until + DAY, self._catalogue.zone)
