"""Formats that are declared as data: one mapping file each, in the form that docs/feeds.md describes."""

from __future__ import annotations

from functools import cache
from importlib import resources

from clearway.registry.feeds.mapping import Mapping, mapping_in


@cache
def shipped_mapping(name: str) -> Mapping:
    """The mapping that is shipped under a format's name. `FileNotFoundError` where there is none."""
    return mapping_in(f"{name}.yaml", resources.files(__name__).joinpath(f"{name}.yaml").read_bytes())
