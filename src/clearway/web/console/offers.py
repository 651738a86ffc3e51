"""Which pages a visitor is offered, by the roles they signed in with; what they may see is the service's to say."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from clearway.access.methods import Role

AUDITOR, REGISTRAR, OPERATOR = Role.AUDITOR.value, Role.REGISTRAR.value, Role.OPERATOR.value


@dataclass(frozen=True, slots=True)
class Offer:
    """A page of the console: where it is, the word for it, and the roles that it is for."""

    path: str
    word: str
    roles: tuple[str, ...]


OFFERS = (
    Offer("/console/checks", "checks", (AUDITOR,)),
    Offer("/console/reports", "reports", (AUDITOR,)),
    Offer("/console/patterns", "patterns", (AUDITOR,)),
    Offer("/console/affected", "affected", (AUDITOR,)),
    Offer("/console/overdue", "overdue", (AUDITOR,)),
    Offer("/console/subject", "subject_access", (AUDITOR,)),
    Offer("/console/rows", "set_aside", (REGISTRAR, AUDITOR)),
    Offer("/console/lists", "lists", (REGISTRAR, AUDITOR)),
    Offer("/console/feeds", "feeds", (OPERATOR, REGISTRAR, AUDITOR)),
    Offer("/console/nodes", "nodes", (OPERATOR,)),
    Offer("/console/log", "log", (AUDITOR, OPERATOR, REGISTRAR)),
)
"""Every page, in the order of the navigation."""

FIRST = {AUDITOR: "/console/checks", REGISTRAR: "/console/rows", OPERATOR: "/console/nodes"}
"""Role → where whoever has it begins; of several roles the first here counts."""


def offered(roles: Collection[str]) -> tuple[Offer, ...]:
    """The pages for these roles; the auditor's for whoever has not signed in."""
    held = set(roles) or {AUDITOR}
    return tuple(offer for offer in OFFERS if held.intersection(offer.roles))


def beginning(roles: Collection[str], onward: str) -> str | None:
    """Where a visitor goes on after signing in: where they were, if that is for them; None where no page is."""
    first = next((page for role, page in FIRST.items() if role in roles), None)
    if first is None:
        return None
    return onward if any(onward.startswith(offer.path) for offer in offered(roles)) else first
