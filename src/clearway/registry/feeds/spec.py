"""What is configured of a feed: its name, its format, and what its files do not say of themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from clearway.catalogue.model import Code
from clearway.registry.feeds.mapping import Mapping

FeedName = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[._-][a-z0-9]+)*$", max_length=28)]
"""A feed's name: it stands in its listings' ids, and `src.NAME` is the scheme of its own numbers."""


class Limits(BaseModel):
    """How far a whole list may change without a person's word.

    `shrink`: the share of its listings that may be missing; `growth`: the share by which it may grow.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shrink: float = Field(0.2, ge=0, le=1)
    growth: float = Field(1.0, ge=0)


class FeedSpec(BaseModel):
    """One feed. `format` is the name of an adapter (`clearway.registry.feeds.adapters.FORMATS`).

    `regime` and `designating_authority` are stated of every row that does not say them itself. `full_list` overrides
    what the format says: a file holds the whole list. `mapping` is for the format `mapped`: a file's path, or the
    mapping itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: FeedName
    format: str
    regime: Code | None = None
    designating_authority: str = Field("", max_length=256)
    full_list: bool | None = None
    mapping: Mapping | Path | None = None
    limits: Limits = Limits()
