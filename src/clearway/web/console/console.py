"""The console's addresses: who visits is found, what is asked is answered, and the session goes on."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlencode

import grpc
import httpx
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.explain import Language
from clearway.server.call import preferred_language
from clearway.server.errors import Refusal, server_fault
from clearway.server.interceptors.faults import place_of
from clearway.server.keys import load_witnesses
from clearway.server.settings import Settings
from clearway.web.console.affected import Affected
from clearway.web.console.assets import assets
from clearway.web.console.auditing import Auditing
from clearway.web.console.check import WholeCheck
from clearway.web.console.cookies import LANGUAGE, SESSION, Cookies
from clearway.web.console.entrance import HOME, Entrance, has_ended
from clearway.web.console.forms import form_of
from clearway.web.console.lists import Lists
from clearway.web.console.log import LogPage
from clearway.web.console.oidc import entrance as oidc
from clearway.web.console.oidc.client import BACK, client_of, way_to_issuer
from clearway.web.console.oidc.entrance import OidcEntrance
from clearway.web.console.oidc.issuer import Issuer
from clearway.web.console.oidc.pending import Pendings
from clearway.web.console.operating import Operating
from clearway.web.console.overdue import Overdue
from clearway.web.console.pages import HEADERS, Pages
from clearway.web.console.patterns import Patterns
from clearway.web.console.refusals import told_of
from clearway.web.console.reports import Reports
from clearway.web.console.rows import Rows
from clearway.web.console.sealing import Seal
from clearway.web.console.search import SealedFilters, Search
from clearway.web.console.sessions import Sessions
from clearway.web.console.subject_access import SubjectAccess
from clearway.web.console.visit import Visit
from clearway.web.console.words import word
from clearway.web.workers import Workers

Looks = Callable[[Visit], Awaitable[Response]]
Sends = Callable[[Visit, Mapping[str, str]], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]

FOR_GOOD = {"cache-control": "public, max-age=31536000, immutable"}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


_log = structlog.get_logger(__name__)


class Console:
    """The auditor's console of one web process. `key` seals sessions and addresses, and is the same on every node.

    `to_issuer` is the way to the issuer at whose page visitors sign in, where that is not the network's.
    """

    def __init__(
        self,
        settings: Settings,
        workers: Workers,
        catalogue: Catalogue,
        key: bytes,
        clock: Callable[[], datetime],
        to_issuer: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        idle, lasting = timedelta(minutes=settings.console_idle_minutes), timedelta(hours=settings.console_hours)
        self._sessions = Sessions(key, idle, lasting, secrets.token_bytes)
        self._cookies = Cookies(self._sessions, settings.origins)
        self._pages = Pages(catalogue, self._sessions, everybody=settings.access is None)
        self._workers = workers
        self._language = Language(settings.language)
        self._clock = clock
        filters = SealedFilters(Seal(key, "console search"))
        client = client_of(settings)
        self._oidc = None
        if client is not None:
            issuer = Issuer(client, to_issuer or way_to_issuer(settings), time.monotonic)
            pendings = Pendings(Seal(key, "console sign-in"), secrets.token_bytes)
            self._oidc = OidcEntrance(client, issuer, pendings, self._pages, self._sessions, workers, self._cookies)
        at_issuer = f"{client.address}{oidc.PATH}" if client else ""
        self._entrance = Entrance(self._pages, self._sessions, workers, self._cookies, at_issuer)
        self._search = Search(catalogue, self._pages, filters)
        witnesses = load_witnesses(settings)
        self._check = WholeCheck(catalogue, self._pages, filters, witnesses)
        self._log = LogPage(catalogue, self._pages, self._cookies, witnesses)
        self._reports = Reports(catalogue, self._pages)
        self._operating = Operating(self._pages)
        self._rows = Rows(self._pages)
        self._lists = Lists(self._pages)
        self._patterns = Patterns(catalogue, self._pages, filters)
        self._affected = Affected(self._pages)
        self._overdue = Overdue(catalogue, self._pages)
        self._subject = SubjectAccess(self._pages, Seal(key, "console subject"))

    def routes(self) -> list[Route]:
        """Every address that begins with /console."""
        looks, sends = self._looks, self._sends
        # What is open even where nobody can say whether the session goes on: the entrance, and how the node is.
        always = partial(self._looks, even_untold=True)
        return [
            Route("/console", self._home),
            Route("/console/", self._home),
            Route("/console/assets/{name}", asset),
            Route("/console/language", always(self._entrance.language)),
            Route("/console/sign-in", always(self._entrance.ask)),
            Route("/console/sign-in", sends(self._entrance.sign_in, even_untold=True), methods=["POST"]),
            *self._routes_of_issuer(),
            Route("/console/sign-out", sends(self._entrance.sign_out, even_untold=True), methods=["POST"]),
            Route("/console/checks", looks(self._search.results)),
            Route("/console/checks", sends(self._search.find), methods=["POST"]),
            Route("/console/checks/export.{form}", looks(self._search.export)),
            Route("/console/checks/{check_id}", looks(self._check.show)),
            Route("/console/checks/{check_id}/proof", looks(self._check.download)),
            Route("/console/log", looks(self._log.show)),
            Route("/console/log", sends(self._log.compare), methods=["POST"]),
            Route("/console/log/forget", sends(self._log.forget), methods=["POST"]),
            Route("/console/log/checkpoint", looks(self._log.download)),
            Route("/console/reports", looks(self._reports.first)),
            Route("/console/reports/{kind}", looks(self._reports.show)),
            Route("/console/reports/{kind}/table.{form}", looks(self._reports.table)),
            Route("/console/patterns", looks(self._patterns.show)),
            Route("/console/patterns/table.{form}", looks(self._patterns.table)),
            Route("/console/affected", looks(self._affected.show)),
            Route("/console/overdue", looks(self._overdue.show)),
            Route("/console/subject", looks(self._subject.show)),
            Route("/console/subject", sends(self._subject.find), methods=["POST"]),
            Route("/console/subject/export.{form}", looks(self._subject.export)),
            Route("/console/feeds", looks(self._operating.feeds)),
            Route("/console/nodes", always(self._operating.nodes)),
            Route("/console/rows", looks(self._rows.list)),
            Route("/console/rows/{row_id}", looks(self._rows.show)),
            Route("/console/rows/{row_id}", sends(self._rows.correct), methods=["POST"]),
            Route("/console/rows/{row_id}/dismiss", sends(self._rows.dismiss), methods=["POST"]),
            Route("/console/lists", looks(self._lists.list)),
            Route("/console/lists/{feed}", looks(self._lists.show)),
            Route("/console/lists/{feed}", sends(self._lists.decide), methods=["POST"]),
            Route("/console/{rest:path}", looks(self._nowhere), methods=METHODS),
        ]

    def _routes_of_issuer(self) -> list[Route]:
        """The way to an issuer's page and back, where there is one."""
        if self._oidc is None:
            return []
        always = partial(self._looks, even_untold=True)
        return [Route(oidc.PATH, always(self._oidc.begin)), Route(BACK, always(self._oidc.back))]

    async def _home(self, _: Request) -> Response:
        return RedirectResponse(HOME, 303, HEADERS)

    async def _nowhere(self, visit: Visit) -> Response:
        return self._pages.trouble(visit, 404, word("not_found", visit.language))

    def _looks(self, answer: Looks, *, even_untold: bool = False) -> Endpoint:
        """An address that is looked at; `even_untold`: also where nobody can say whether the session has ended."""

        async def endpoint(request: Request) -> Response:
            visit = self._visit(request)
            try:
                if await has_ended(visit):
                    visit = self._visit(request, anew=True)
            except grpc.aio.AioRpcError as fault:
                if not even_untold:
                    return self._finished(visit, self._pages.refused(visit, fault))
            return self._finished(visit, await self._answered(visit, answer(visit)))

        return endpoint

    def _sends(self, answer: Sends, *, even_untold: bool = False) -> Endpoint:
        """An address that a form of ours is sent to; from any other page it is refused."""

        async def taken(visit: Visit) -> Response:
            try:
                fields = await form_of(visit.request)
            except ValueError:
                fields = {}
            if not self._sessions.is_form_token(visit.session, fields.get("form", "")):
                return self._pages.trouble(visit, 403, word("form_refused", visit.language))
            return await answer(visit, fields)

        return self._looks(taken, even_untold=even_untold)

    def _visit(self, request: Request, *, anew: bool = False) -> Visit:
        """The request as a visit, in the session that its cookie holds; `anew`: in a new one, whatever it holds."""
        moment = self._clock()
        found = None if anew else self._sessions.find(request.cookies.get(SESSION), moment)
        session = found or self._sessions.begin(moment)
        kept = request.cookies.get(LANGUAGE, "")
        wanted = [kept] if kept in set(Language) else request.headers.get("accept-language", "").split(",")
        language = preferred_language(wanted, self._language)
        return Visit(request, session, language, Auditing(self._workers, session.token, language), moment)

    async def _answered(self, visit: Visit, answer: Awaitable[Response]) -> Response:
        """The answer, or a page that says why there is none; whoever is not known is asked to sign in."""
        try:
            return await answer
        except grpc.aio.AioRpcError as fault:
            if fault.code() is grpc.StatusCode.UNAUTHENTICATED:
                onward = urlencode({"next": visit.address}) if visit.request.method == "GET" else ""
                return RedirectResponse(f"/console/sign-in?{onward}", 303)
            refused = told_of(fault, visit.language)
        except Refusal as fault:
            refused = told_of(fault, visit.language)
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as fault:
            # The exception's text may quote a record, so only its type and place are logged.
            _log.error("fault", method="console", error=type(fault).__name__, at=place_of(fault))
            refused = told_of(server_fault(), visit.language)
        return self._pages.trouble(visit, refused.http, refused.words, refused.reason)

    def _finished(self, visit: Visit, response: Response) -> Response:
        """The answer with what every answer says, its session going on."""
        for name, value in HEADERS.items():
            response.headers[name] = value
        if not any(kept.startswith(f"{SESSION}=") for kept in response.headers.getlist("set-cookie")):
            self._cookies.keep(visit.request, response, visit.session)
        return response


async def asset(request: Request) -> Response:
    """A file that pages load, under the address that has its hash."""
    found = {one.address: one for one in assets().values()}.get(str(request.path_params["name"]))
    if found is None:
        return Response(status_code=404)
    return Response(found.content, 200, FOR_GOOD, found.kind)
