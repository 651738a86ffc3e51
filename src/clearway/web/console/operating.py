"""What operators look at: how feeds are, which registrars and auditors see as well, and how the nodes are."""

from __future__ import annotations

import grpc
from starlette.responses import Response

from clearway.web.console.pages import Pages
from clearway.web.console.visit import Visit


class Operating:
    """Answers the addresses of feeds and nodes. Who may look is the service's to say."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def feeds(self, visit: Visit) -> Response:
        """The page: every feed."""
        return self._pages.page(visit, "feeds.html", feeds=(await visit.audit.feeds()).feeds)

    async def nodes(self, visit: Visit) -> Response:
        """The page: every node that shares the log, and the one that answers in full."""
        node, others = await visit.audit.node(), None
        try:
            others = await visit.audit.nodes()
        except grpc.aio.AioRpcError as fault:
            # An outage is when this page is looked at: what the node knows of itself is shown all the same.
            if fault.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
        return self._pages.page(visit, "nodes.html", node=node, others=others)
