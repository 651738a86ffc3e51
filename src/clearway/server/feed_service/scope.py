"""What a row set aside, a correction or a whole list reaches for, before and after it can be read.

A row that cannot be read does not say with certainty whose it is. It is shown, and may be dismissed, by what can be
told of it: the regimes of its feed or those that stand in its cells, and the region in its unified social credit code.
Where that cannot be told, it reaches for something that no registrar's grant has, and is left to the command line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import assert_never

from clearway.access.grants import NOTHING, Lack, Reach, reaching
from clearway.access.methods import FEEDS, Role
from clearway.catalogue.catalogue import Catalogue
from clearway.registry.feeds.mapping import Fact
from clearway.registry.feeds.rows import Adapter, AdverseStated, ListingStated, Statement, SubjectKnown
from clearway.registry.quarantine import SetAside
from clearway.registry.schedule import ScheduledFeed
from clearway.server.call import Call
from clearway.server.errors import Refusal
from clearway.server.reaches import region_within
from clearway.subjects.identifiers import Identifier
from clearway.subjects.schemes import uscc
from clearway.subjects.text import normalise_code

UNTOLD = ("-/untold",)
"""A regime that no grant names."""

CODE = re.compile(r"[0-9A-Z]{18}")
"""What may be a unified social credit code, whether or not its check sign holds."""


def of_row(row: SetAside, adapter: Adapter | None, feed: ScheduledFeed | None, catalogue: Catalogue) -> Reach:
    """A row as it came. `adapter` is None where its feed is no longer configured."""
    region = region_in(row.original.values())
    match stated(row, adapter):
        case Fact.LISTING:
            regimes = feed.regimes if feed is not None else adapter.regimes if adapter is not None else ()
            named = dict.fromkeys(cell for cell in row.original.values() if catalogue.regime(cell) is not None)
            return Reach(regimes=regimes or tuple(named) or UNTOLD, region=region)
        case Fact.ADVERSE:
            return Reach(adverse_records=True, region=region)
        case Fact.KNOWN:
            return Reach(region=region)
        case None:
            return Reach(regimes=UNTOLD, region=region)
        case unknown:
            assert_never(unknown)


def of_statement(content: Statement) -> Reach:
    """What a row states once it can be read."""
    region = region_of(content.subject.identifiers)
    match content:
        case ListingStated():
            return Reach(regimes=(content.facts.regime,), region=region)
        case AdverseStated():
            return Reach(adverse_records=True, region=region)
        case SubjectKnown():
            return Reach(region=region)
        case _:
            assert_never(content)


def of_list(feed: ScheduledFeed) -> Reach:
    """A whole list: every regime that it may carry, in the whole country."""
    return Reach(regimes=feed.regimes or UNTOLD, region="")


def of_feed(adapter: Adapter | None, feed: ScheduledFeed | None) -> tuple[Reach, ...]:
    """What a feed may carry, each by itself, wherever it is: whose grant extends to any of it deals with the feed.

    `feed` is None where it is not configured, `adapter` where nothing says any more how its rows are read.
    """
    match adapter.states if adapter is not None else None:
        case Fact.ADVERSE:
            return (Reach(adverse_records=True),)
        case Fact.KNOWN:
            return (NOTHING,)
        case Fact.LISTING | None:
            regimes = feed.regimes if feed is not None else adapter.regimes if adapter is not None else ()
            return tuple(Reach(regimes=(regime,)) for regime in regimes or UNTOLD)
        case unknown:
            assert_never(unknown)


def stated(row: SetAside, adapter: Adapter | None) -> Fact | None:
    """What a row means to state; None where that cannot be told."""
    if adapter is None or adapter.states is not None:
        return adapter.states if adapter is not None else None
    written = row.original.get("fact", "").strip().lower()
    return Fact(written) if written in set(Fact) else None


def region_in(cells: Iterable[str]) -> str:
    """The one region that the codes in some cells state; empty where they state none, or several."""
    codes = filter(CODE.fullmatch, map(normalise_code, cells))
    return _only(region_within(uscc.NAME, code) for code in codes)


def region_of(identifiers: Iterable[Identifier]) -> str:
    """The one region that a subject's codes state; empty where they state none, or several."""
    return _only(region_within(identifier.scheme, identifier.value) for identifier in identifiers)


def is_within(call: Call, reach: Reach) -> bool:
    """Whether one of the call's grants reaches so far."""
    try:
        call.known_caller().rights.reaching(call.method.name, call.grants, reach)
    except Refusal:
        return False
    return True


def deals_with(call: Call, adapter: Adapter | None, feed: ScheduledFeed | None) -> bool:
    """Whether the caller may know how a feed is: a registrar by what it may carry, operators and auditors always."""
    if any(grant.role is not Role.REGISTRAR for grant in call.grants):
        return True
    return any(is_within(call, reach) for reach in of_feed(adapter, feed))


def may_see_list(call: Call, feed: ScheduledFeed) -> bool:
    """Whether one of the caller's grants reaches a feed's whole list; an operator's reach none."""
    grants = [grant for grant in call.grants if grant.role in FEEDS]
    return not isinstance(reaching(grants, of_list(feed), call.known_caller().rights.within), Lack)


def _only(regions: Iterable[str]) -> str:
    found = set(filter(None, regions))
    return found.pop() if len(found) == 1 else ""
