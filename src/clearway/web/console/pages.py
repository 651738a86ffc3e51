"""Pages made of templates: what each of them has besides its own content."""

from __future__ import annotations

from functools import partial
from typing import Any

import grpc
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from clearway.access.methods import Role
from clearway.catalogue.catalogue import Catalogue
from clearway.decision.explain import Language, say
from clearway.server.errors import Refusal
from clearway.web.console import names
from clearway.web.console.assets import assets
from clearway.web.console.names import Names
from clearway.web.console.offers import OFFERS, offered
from clearway.web.console.refusals import told_of
from clearway.web.console.sessions import Sessions
from clearway.web.console.visit import Visit
from clearway.web.console.words import DIMENSIONS, REPORTS, word

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'none'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""What a page may load: what we serve, and nothing that stands in the page itself."""

HEADERS = {
    "content-security-policy": POLICY,
    # Not no-referrer, under which a browser sends a form of ours as if it came from nowhere.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


class Pages:
    """Renders templates for visitors; `everybody`: nobody is asked who they are, and each may see every page."""

    def __init__(self, catalogue: Catalogue, sessions: Sessions, *, everybody: bool) -> None:
        self._catalogue = catalogue
        self._everybody = everybody
        self._sessions = sessions
        self._templates = Environment(
            loader=PackageLoader("clearway.web.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            asset=assets().__getitem__,
            iso=names.iso,
            basis=names.basis,
            pretty=names.pretty,
            outcome_code=names.outcome_code,
        )

    def page(self, visit: Visit, template: str, status: int = 200, **content: Any) -> Response:
        """A page."""
        language = visit.language
        zone = self._catalogue.zone
        offers = OFFERS if self._everybody else offered(visit.session.visitor.roles)
        own = {
            "t": partial(word, language=language),
            "seconds": partial(names.seconds, language=language),
            "language": language.value,
            "other_language": (Language.EN if language is Language.ZH_CN else Language.ZH_CN).value,
            "address": visit.address,
            "form_token": self._sessions.form_token(visit.session),
            "signed_in": bool(visit.session.token),
            "offers": offers,
            "opens": {offer.word for offer in offers},
            "registrar": self._everybody or Role.REGISTRAR.value in visit.session.visitor.roles,
            "called": Names(self._catalogue, language, visit.moment.astimezone(zone).date()),
            "zone": zone.key,
            "now": visit.moment,
            "here": visit.request.url.path,
            "report_names": {name: say(text, language) for name, (_, text) in REPORTS.items()},
            "dimension_names": {name: say(text, language) for name, (_, text) in DIMENSIONS.items()},
        }
        return HTMLResponse(self._templates.get_template(template).render(own | content), status)

    def refused(self, visit: Visit, fault: grpc.aio.AioRpcError | Refusal) -> Response:
        """A page that says what the service refused."""
        told = told_of(fault, visit.language)
        return self.trouble(visit, told.http, told.words, told.reason)

    def trouble(self, visit: Visit, status: int, words: str, reason: str = "") -> Response:
        """A page that says what did not work."""
        return self.page(visit, "trouble.html", status, words=words, reason=reason)
