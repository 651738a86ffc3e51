"""View tokens: what a page is given, so that it may show one check without a credential that could ask another."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from clearway.client.answer import moment
from clearway.gen.v1 import card_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class View:
    """Lets a page show the card of one check, and record in its case, for some minutes."""

    token: str = field(repr=False)
    """For the page: the `token` of `<clearway-check>`."""

    expires_at: datetime
    """When it ends, in UTC."""

    path: str = field(repr=False)
    """Where the card is a page of its own, below the address that answers HTTP. It holds the token."""


def view_in(response: pb.GrantViewResponse) -> View:
    """The view that was granted."""
    return View(response.token, moment(response.expires_at), response.path)
