"""One request of a visitor: who it is, in which language, and the audit service as they may use it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request

from clearway.decision.explain import Language
from clearway.web.console.auditing import Auditing
from clearway.web.console.sessions import Session


@dataclass(frozen=True, slots=True)
class Visit:
    """A request, at a moment."""

    request: Request
    session: Session
    language: Language
    audit: Auditing
    moment: datetime

    def asked(self, name: str) -> str:
        """A parameter of the address; empty where it is not given."""
        return self.request.query_params.get(name, "").strip()

    @property
    def address(self) -> str:
        """The path and query that were asked for."""
        url = self.request.url
        return f"{url.path}?{url.query}" if url.query else url.path
