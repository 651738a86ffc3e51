"""The formats by name, and the feeds that need no configuration."""

from __future__ import annotations

from collections.abc import Callable

from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.feeds.flat_csv import FlatCsv
from clearway.registry.feeds.rows import Adapter
from clearway.registry.feeds.spec import FeedSpec
from clearway.registry.feeds.us_csl import REGIMES, UsConsolidatedScreeningList

FORMATS: dict[str, Callable[[FeedSpec], Adapter]] = {"flat-csv": FlatCsv, "us-csl": UsConsolidatedScreeningList}
"""Format → what makes its adapter for a feed."""

ADAPTERS: dict[str, Adapter] = {adapter.name: adapter for adapter in (FlatCsv(), UsConsolidatedScreeningList())}
"""Feed name → its adapter, of the feeds that need no configuration."""

REGIMES_OF_FORMATS: dict[str, tuple[str, ...]] = {"us-csl": tuple(REGIMES.values())}
"""Format → the regimes that its files carry, where the format says so."""


ROWS_NAME_REGIMES = frozenset({"flat-csv"})
"""Formats whose rows name their regimes themselves, whatever the feed's own."""


def adapter_named(feed: str) -> Adapter:
    """The adapter of a feed that needs no configuration. Raises `RegistryError` UNKNOWN_FEED."""
    try:
        return ADAPTERS[feed]
    except KeyError:
        known = ", ".join(ADAPTERS)
        raise RegistryError(RegistryReason.UNKNOWN_FEED, f"no feed has this name; known: {known}") from None


def adapter_for(spec: FeedSpec) -> Adapter:
    """The adapter of a configured feed. Raises `RegistryError` UNKNOWN_FEED where there is no such format."""
    try:
        return FORMATS[spec.format](spec)
    except KeyError:
        known = ", ".join(FORMATS)
        raise RegistryError(RegistryReason.UNKNOWN_FEED, f"no format has this name; known: {known}") from None
