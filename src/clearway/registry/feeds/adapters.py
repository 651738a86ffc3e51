"""The feeds by name."""

from __future__ import annotations

from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.feeds.flat_csv import FlatCsv
from clearway.registry.feeds.rows import Adapter
from clearway.registry.feeds.us_csl import UsConsolidatedScreeningList

ADAPTERS: dict[str, Adapter] = {adapter.name: adapter for adapter in (FlatCsv(), UsConsolidatedScreeningList())}
"""Feed name → its adapter."""


def adapter_named(feed: str) -> Adapter:
    """The adapter of a feed. Raises `RegistryError` UNKNOWN_FEED."""
    try:
        return ADAPTERS[feed]
    except KeyError:
        known = ", ".join(ADAPTERS)
        raise RegistryError(RegistryReason.UNKNOWN_FEED, f"no feed has this name; known: {known}") from None
