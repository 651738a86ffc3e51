"""Lists that wait for a person: what loading each would change, and a form in which it is loaded or turned down."""

from __future__ import annotations

from collections.abc import Mapping

import grpc
from starlette.responses import RedirectResponse, Response

from clearway.gen.v1 import feed_service_pb2 as pb
from clearway.web.console.pages import Pages
from clearway.web.console.refusals import Told, told_of_act
from clearway.web.console.rows import Filled, act_of, filled_with
from clearway.web.console.visit import Visit
from clearway.web.console.words import word

PATH = "/console/lists"


class Lists:
    """Answers the addresses of lists that wait. Who may see or load which is the service's to say."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def list(self, visit: Visit) -> Response:
        """Every list that waits on the node that answers."""
        done = visit.asked("done")
        return self._pages.page(
            visit,
            "lists.html",
            lists=(await visit.audit.lists()).lists,
            done=done if done in ("list_loaded", "list_discarded") else "",
        )

    async def show(self, visit: Visit) -> Response:
        """One list."""
        return await self._page(visit, Filled({}, visit.session.visitor.principal, ""))

    async def decide(self, visit: Visit, fields: Mapping[str, str]) -> Response:
        """A person's word on the very list that was looked at."""
        filled = filled_with({}, fields)
        act, feed, sha256 = act_of(filled), feed_in(visit), fields.get("sha256", "")
        try:
            if fields.get("word") == "confirm":
                await visit.audit.confirm(pb.ConfirmListRequest(act=act, feed=feed, sha256=sha256))
                return RedirectResponse(f"{PATH}?done=list_loaded", 303)
            await visit.audit.discard(pb.DiscardListRequest(act=act, feed=feed, sha256=sha256))
            return RedirectResponse(f"{PATH}?done=list_discarded", 303)
        except grpc.aio.AioRpcError as fault:
            return await self._page(visit, filled, told_of_act(fault, visit.language))

    async def _page(self, visit: Visit, filled: Filled, problem: Told | None = None) -> Response:
        found = next((one for one in (await visit.audit.lists()).lists if one.feed == feed_in(visit)), None)
        if found is None:
            if problem is None:
                return self._pages.trouble(visit, 404, word("no_such_list", visit.language))
            return self._pages.trouble(visit, problem.http, problem.words, problem.reason)
        return self._pages.page(
            visit, "list.html", problem.http if problem else 200, found=found, filled=filled, problem=problem
        )


def feed_in(visit: Visit) -> str:
    """The feed in the address."""
    return str(visit.request.path_params["feed"])[:64]
