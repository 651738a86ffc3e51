"""The card's addresses: the page, its content for the component, what its forms record, and what has changed since."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import cast

import grpc
import structlog
from google.rpc import error_details_pb2, status_pb2
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from clearway.catalogue.model import Text
from clearway.decision.explain import Language, say
from clearway.gen.v1 import card_service_pb2 as card_pb
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.server.call import preferred_language
from clearway.server.errors import Refusal
from clearway.server.interceptors.faults import place_of
from clearway.server.servicers import CARD_SERVICE, CHECK_SERVICE
from clearway.server.view_tokens import token_in
from clearway.web.assets import Assets
from clearway.web.card import words
from clearway.web.card.forms import ACTS, Form, NothingChosen
from clearway.web.card.view import card_view
from clearway.web.json.connect import HTTP_STATUS, code_of, status_in
from clearway.web.json.door import OWN_STATUS
from clearway.web.json.request import PRINTABLE, body_of
from clearway.web.templates import templates
from clearway.web.workers import Metadata, Workers

PATIENCE = 10.0
MOST_FORM_BYTES = 256 * 1024
GET_CARD, WATCH = f"/{CARD_SERVICE}/GetCard", f"/{CHECK_SERVICE}/WatchCases"

NEVER_KEPT = {"cache-control": "no-store"}

_log = structlog.get_logger(__name__)


class Failed(Exception):
    """A call that a worker, or the way to it, has refused."""

    def __init__(self, status: status_pb2.Status) -> None:
        super().__init__(status.message)
        self.http = HTTP_STATUS[code_of(status)]
        info = error_details_pb2.ErrorInfo()
        for detail in status.details:
            if detail.Is(info.DESCRIPTOR):
                detail.Unpack(info)
        self.reason, self.because = info.reason, info.metadata.get("because", "")

    @property
    def trouble(self) -> str:
        """What is shown in place of the card."""
        if self.reason == "VIEW_REFUSED":
            return "expired" if self.because == "expired" else "refused"
        return "missing" if self.reason in ("CHECK_NOT_FOUND", "INVALID_REQUEST") else "unavailable"

    @property
    def problem(self) -> Text:
        """What is said on the card of a form that was not recorded."""
        return words.problem_text(self.reason, self.because)


class CardDoor:
    """Answers the card's addresses with what the node's workers say."""

    def __init__(self, workers: Workers, assets: Assets, origins: Iterable[str]) -> None:
        self._workers = workers
        self._assets = assets
        self._policy = policy(origins)

    def routes(self) -> list[Route]:
        """The addresses."""
        return [
            Route("/card/{check_id}", self.page),
            Route("/card/{check_id}/content", self.content),
            Route("/card/{check_id}/notice", self.notice),
            Route("/card/{check_id}/changes", self.changes),
            Route("/card/{check_id}/{act}", self.act, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """The card as a page of its own, for an iframe or a print-out: it needs no script."""
        return await self._answered(request, "page.html", {})

    async def content(self, request: Request) -> Response:
        """The card alone, for the component."""
        return await self._answered(request, "card.html", {})

    async def notice(self, request: Request) -> Response:
        """The deferral notice in both languages, to be printed."""
        return await self._answered(request, "notice.html", {})

    async def act(self, request: Request) -> Response:
        """Record what a form says, then show the card as it stands."""
        try:
            return await self._act(request)
        except Refusal as refusal:
            # What was not read to its end would be taken for the next request.
            answer = self._trouble(request, "unread", OWN_STATUS.get(refusal.reason, 408))
            answer.headers["connection"] = "close"
            return answer
        except ClientDisconnect:
            return Response(status_code=499)

    async def changes(self, request: Request) -> Response:
        """Server-sent events: the id of the last change of this answer, at first and whenever it is another one."""
        token, check_id = token_of(request), request.path_params["check_id"]
        try:
            card = await self._card(token, check_id)
            wanted = pb.WatchCasesRequest(case_number=card.check.request.case_number)
            stream = self._workers.stream(WATCH, wanted.SerializeToString(), shown(token), None)
            # The stream's first message comes before the card is read again: no change falls between the two.
            try:
                await anext(stream, None)
                card = await self._card(token, check_id)
            except BaseException:
                await stream.aclose()  # type: ignore[attr-defined]
                raise
        except Failed as failed:
            return Response(status_code=failed.http, headers=NEVER_KEPT)
        except grpc.aio.AioRpcError as error:
            return Response(status_code=Failed(status_in(error)).http, headers=NEVER_KEPT)
        events = changed(card.change.change_id, check_id, stream)
        return StreamingResponse(events, 200, NEVER_KEPT | {"x-accel-buffering": "no"}, "text/event-stream")

    async def _act(self, request: Request) -> Response:
        act = ACTS.get(request.path_params["act"])
        if act is None:
            return self._trouble(request, "missing", 404)
        try:
            form = Form(await body_of(request, MOST_FORM_BYTES))
            message = act.message(form, request.path_params["check_id"])
        except NothingChosen as nothing:
            return await self._refused(request, form, words.PROBLEMS[nothing.problem], 400)
        except ValueError:
            return self._trouble(request, "unread", 400)
        token = form_token(request, form)
        try:
            await self._call(act.path, message.SerializeToString(), token)
        except Failed as failed:
            if failed.reason == "VIEW_REFUSED":
                return self._trouble(request, failed.trouble, failed.http)
            return await self._refused(request, form, failed.problem, failed.http)
        if self._kind(request) == "page.html":
            return RedirectResponse(f"/card/{request.path_params['check_id']}?view={token}&done=1", 303, NEVER_KEPT)
        return await self._answered(request, "card.html", {"done": True}, token)

    async def _refused(self, request: Request, form: Form, problem: Text, status: int) -> Response:
        """The card with a form that was not recorded, as it was filled in, and why."""
        more = {"problem": problem, "form": form, "status": status}
        return await self._answered(request, self._kind(request), more, form_token(request, form))

    def _kind(self, request: Request) -> str:
        """A form that the component sends shows its token in a header; a page's own, among its fields."""
        return "card.html" if "authorization" in request.headers else "page.html"

    async def _answered(
        self, request: Request, template: str, more: Mapping[str, object], token: str | None = None
    ) -> Response:
        token = token_of(request) if token is None else token
        try:
            card = await self._card(token, request.path_params["check_id"])
            if not card.check.HasField("response"):
                return self._trouble(request, "unanswered", 200)
            return self._card_page(request, template, card, token, more)
        except Failed as failed:
            return self._trouble(request, failed.trouble, failed.http)
        except Exception as error:
            # The exception's text may quote a record, so only its type and place are logged.
            _log.error("fault", method="card", error=type(error).__name__, at=place_of(error))
            return self._trouble(request, "unavailable", 503)

    def _card_page(
        self, request: Request, template: str, card: card_pb.GetCardResponse, token: str, more: Mapping[str, object]
    ) -> Response:
        view = card_view(card)
        language = Language(view.language)
        problem = more.get("problem")
        form = more.get("form")
        given = form.given() if isinstance(form, Form) else {}
        html = (
            templates()
            .get_template(template)
            .render(
                card=view,
                notice=card.deferral.notice,
                label=Labels(language),
                token=token,
                # It may have been recorded although the answer was lost: sent again, it is still the same report.
                report_id=given.get("report") or str(uuid.uuid4()),
                seconds_left=seconds_left(card),
                problem=say(problem, language) if isinstance(problem, Text) else "",
                given=given,
                done=bool(more.get("done")) or "done" in request.query_params,
                assets=self._assets,
            )
        )
        return HTMLResponse(html, cast("int", more.get("status", 200)), self._headers())

    def _trouble(self, request: Request, trouble: str, status: int) -> Response:
        """What is shown in place of a card."""
        wanted = request.query_params.get("lang") or request.headers.get("accept-language", "")
        language = preferred_language(wanted.split(","), Language.EN)
        title, what = words.TROUBLES[trouble]
        whole = request.method == "GET" and not request.url.path.endswith("/content")
        html = (
            templates()
            .get_template("trouble.html")
            .render(
                whole=whole or self._kind(request) == "page.html",
                trouble=trouble,
                title=say(title, language),
                what=say(what, language),
                language=language.value,
                label=Labels(language),
                assets=self._assets,
            )
        )
        return HTMLResponse(html, status, self._headers())

    def _headers(self) -> dict[str, str]:
        # A page's own forms say where they come from, which they would not under no-referrer.
        return NEVER_KEPT | {"content-security-policy": self._policy, "referrer-policy": "same-origin"}

    async def _card(self, token: str, check_id: str) -> card_pb.GetCardResponse:
        """The card. Raises `Failed`."""
        asked = card_pb.GetCardRequest(check_id=check_id)
        return card_pb.GetCardResponse.FromString(await self._call(GET_CARD, asked.SerializeToString(), token))

    async def _call(self, path: str, message: bytes, token: str) -> bytes:
        try:
            return await self._workers.unary(path, message, shown(token), PATIENCE)
        except grpc.aio.AioRpcError as error:
            raise Failed(status_in(error)) from None


class Labels:
    """The card's own words in one language, by name."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def __getitem__(self, name: str) -> str:
        return say(words.LABELS[name], self._language)


async def changed(last: str, check_id: str, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The events of a card: ids of changes, and comments that keep the way open."""
    yield event(last)
    async with contextlib.aclosing(stream) as messages:  # type: ignore[type-var]
        with contextlib.suppress(grpc.aio.AioRpcError):
            async for raw in messages:
                change = pb.WatchCasesResponse.FromString(raw).change
                yield event(change.change_id) if change.check_id == check_id else b":\n\n"


def seconds_left(card: card_pb.GetCardResponse) -> int:
    """How long the view will last; 0 where nobody says when it ends."""
    left = card.view_expires_at.seconds - time.time() if card.HasField("view_expires_at") else 0
    return max(0, int(left))


def event(change_id: str) -> bytes:
    """The event that names the last change; empty where there is none."""
    return f"data: {change_id}\n\n".encode()


def token_of(request: Request) -> str:
    """The view token that a request shows, in its header or, for a page, in its address."""
    return token_in(request.headers.get("authorization", "")) or request.query_params.get("view", "")


def form_token(request: Request, form: Form) -> str:
    """The view token that a form was sent under: the request's, or for a page's own form that among its fields."""
    return token_of(request) or form.one("view")


def shown(token: str) -> Metadata:
    """The token as a worker reads it. One that gRPC would not carry, or none at all, is shown as none of ours."""
    fit = token if token and PRINTABLE.fullmatch(token) else "-"
    return (("authorization", f"View {fit[:8192]}"),)


def policy(origins: Iterable[str]) -> str:
    """What a card page may load, and who may frame it: nothing but ours, and the origins that were named."""
    framers = " ".join(("'self'", *sorted(origins)))
    return (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
        f"base-uri 'none'; frame-ancestors {framers}"
    )
