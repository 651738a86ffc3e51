"""What operators look at: how feeds are, and how the node is that answers."""

from __future__ import annotations

from starlette.responses import Response

from clearway.web.console.pages import Pages
from clearway.web.console.visit import Visit


class Operating:
    """Answers the addresses of feeds and node. Who may look is the service's to say."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def feeds(self, visit: Visit) -> Response:
        """The page: every feed."""
        return self._pages.page(visit, "feeds.html", feeds=(await visit.audit.feeds()).feeds)

    async def node(self, visit: Visit) -> Response:
        """The page: the node."""
        return self._pages.page(visit, "node.html", node=await visit.audit.node())
