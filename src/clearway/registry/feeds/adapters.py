"""The formats by name, and the adapter of a feed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.feeds import us_csl, us_sdn
from clearway.registry.feeds.dual_publicity import settle_codes
from clearway.registry.feeds.flat_csv import FlatCsv
from clearway.registry.feeds.formats import shipped_mapping
from clearway.registry.feeds.mapping import Fact, Mapping, read_mapping
from clearway.registry.feeds.rows import Adapter
from clearway.registry.feeds.spec import FeedSpec
from clearway.registry.feeds.tables import Settle, TableFeed
from clearway.registry.feeds.us_csl import UsConsolidatedScreeningList
from clearway.registry.feeds.us_sdn import UsSdn

MAPPED = "mapped"
"""The format whose mapping the feed's configuration gives."""


def _shipped(name: str, settle: Settle | None = None) -> Callable[[FeedSpec], Adapter]:
    return lambda spec: _table(spec, shipped_mapping(name), settle)


def _mapped(spec: FeedSpec) -> Adapter:
    if spec.mapping is None:
        raise _invalid("the format mapped needs a mapping")
    return _table(spec, read_mapping(spec.mapping) if isinstance(spec.mapping, Path) else spec.mapping, None)


def _table(spec: FeedSpec, mapping: Mapping, settle: Settle | None) -> Adapter:
    if mapping.states is Fact.LISTING and mapping.regime is None and spec.regime is None:
        raise _invalid(f"a feed of the format {spec.format} needs a regime, which its files do not say")
    if mapping.states is not Fact.LISTING and spec.full_list:
        raise _invalid(
            f"full_list: what a feed of the format {spec.format} states does not end when it goes from a list"
        )
    return TableFeed(spec, mapping, settle)


FORMATS: dict[str, Callable[[FeedSpec], Adapter]] = {
    "flat-csv": FlatCsv,
    "us-csl": UsConsolidatedScreeningList,
    "us-sdn": UsSdn,
    "dual-publicity-licences": _shipped("dual-publicity-licences", settle_codes),
    "dual-publicity-penalties": _shipped("dual-publicity-penalties", settle_codes),
    "trusted-list": _shipped("trusted-list"),
    "serious-list": _shipped("serious-list"),
    "world-bank": _shipped("world-bank"),
    "opensanctions-simple": _shipped("opensanctions-simple"),
    "crosswalk": _shipped("crosswalk"),
    MAPPED: _mapped,
}
"""Format name → what makes a feed's adapter. Without configuration, a feed has its format's name."""

REGIMES_OF_FORMATS: dict[str, tuple[str, ...]] = {
    "us-csl": tuple(us_csl.REGIMES.values()),
    "us-sdn": (us_sdn.REGIME,),
    "world-bank": ("WORLD-BANK-INELIGIBLE",),
}
"""Format → the regimes that its files carry, where the format says so and the feed does not."""

ROWS_NAME_REGIMES = frozenset({"flat-csv", "us-csl", MAPPED})
"""Formats whose rows may name their regimes themselves, whatever the feed's own."""


def adapter_named(feed: str) -> Adapter:
    """The adapter of a feed that has no configuration: the format of that name.

    Raises `RegistryError` UNKNOWN_FEED, and INVALID_FEED for a format that needs configuration.
    """
    if feed not in FORMATS:
        known = ", ".join(FORMATS)
        raise RegistryError(RegistryReason.UNKNOWN_FEED, f"no feed has this name; known: {known}")
    return FORMATS[feed](FeedSpec(name=feed, format=feed))


def adapter_for(spec: FeedSpec) -> Adapter:
    """The adapter of a configured feed. A mapping's path is taken as it stands.

    Raises `RegistryError` UNKNOWN_FEED for a format there is not, INVALID_FEED for a configuration that does not do.
    """
    if spec.format not in FORMATS:
        raise RegistryError(RegistryReason.UNKNOWN_FEED, f"no format has this name; known: {', '.join(FORMATS)}")
    if (spec.mapping is not None) != (spec.format == MAPPED):
        raise _invalid(f"a mapping is for the format {MAPPED}, and needed there")
    return FORMATS[spec.format](spec)


def adapter_of(feed: str, configured: Iterable[FeedSpec]) -> Adapter:
    """The adapter of a feed by its name: as it is configured, or else as the format of that name has it.

    Raises as `adapter_for` and `adapter_named` do.
    """
    spec = next((spec for spec in configured if spec.name == feed), None)
    return adapter_named(feed) if spec is None else adapter_for(spec)


def _invalid(detail: str) -> RegistryError:
    return RegistryError(RegistryReason.INVALID_FEED, detail)
