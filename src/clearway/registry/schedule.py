"""`feeds.yaml`: which feeds are read, from where, how often, and from when on a feed that was not read is overdue.

A file is held to its shape as a whole: every complaint names its line and the field. docs/operations.md is its
reference for people. Secrets never stand in it: a header's value may come from the environment or from a file.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from clearway.catalogue.complaints import Path as NodePath
from clearway.catalogue.complaints import Rejected
from clearway.catalogue.document import Document, Tree, document_at
from clearway.catalogue.model import Code
from clearway.registry.errors import RegistryError
from clearway.registry.feeds.adapters import adapter_for
from clearway.registry.feeds.spec import FeedSpec

READINGS_MISSED = 3
"""A feed is overdue after this many readings missed, unless its entry says otherwise."""

_LENGTH = re.compile(r"(\d{1,6})\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _parsed(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    found = _LENGTH.fullmatch(str(value).strip())
    if found is None:
        raise ValueError("must be a length of time such as 90s, 30m, 1h or 1d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


Length = Annotated[timedelta, BeforeValidator(_parsed), Field(gt=timedelta(0))]
"""A length of time, written as a number and a unit: s, m, h or d."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FolderSource(_Model):
    """A folder that files are dropped into. The newest of those that fit `pattern` is the feed's file.

    `newest_by`: the last by name, as dated names sort, or the last modified. A file counts as complete when it has not
    changed for `settled`; a file that is written elsewhere and renamed into the folder is complete at once.
    """

    folder: Path
    pattern: Annotated[str, Field(min_length=1, max_length=256)] = "*"
    newest_by: Literal["name", "modified"] = "name"
    settled: Length = timedelta(seconds=10)

    @field_validator("pattern")
    @classmethod
    def _inside_the_folder(cls, pattern: str) -> str:
        if "/" in pattern or pattern.startswith("."):
            raise ValueError("must fit names of files in the folder itself, none of them hidden")
        return pattern


class HeaderValue(_Model):
    """Where a header's value comes from: exactly one of the environment variable `env` and the file `file`."""

    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=128)] | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("needs env or file, one of the two")
        return self

    def read(self) -> str:
        """The value, without the white space around it. Raises `OSError` and `ValueError` where there is none."""
        found = os.environ.get(self.env, "") if self.env is not None else ""
        if self.file is not None:
            found = self.file.read_text("utf-8")
        if not found.strip():
            raise ValueError("the header has no value")
        return found.strip()


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http or https address")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a name or password; give a header from env or file")
    return value


Address = Annotated[str, Field(max_length=2048)]


class UrlSource(_Model):
    """An address. `timeout` is for the whole of a download, `max_bytes` for its length; `sha256` is the address of the
    checksum that the source publishes beside the file; `ca_file` holds the certificates to trust instead of the usual
    ones.
    """

    url: Address
    headers: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")], HeaderValue] = {}
    timeout: Length = timedelta(minutes=10)
    max_bytes: Annotated[int, Field(ge=1, le=8 << 30)] = 1 << 30
    sha256: Address | None = None
    ca_file: Path | None = None

    @field_validator("url", "sha256")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        return None if value is None else _address(value)

    @model_validator(mode="after")
    def _secrets_are_encrypted(self) -> Self:
        parts = urlsplit(self.url)
        if self.headers and parts.scheme != "https" and not _loopback(parts.hostname or ""):
            raise ValueError("headers from env or file are secrets: they need https")
        return self


class ScheduledFeed(FeedSpec):
    """A feed that is read on a schedule: from `source`, `every` so often; overdue when last read `overdue_after` ago.

    `carries` names the regimes that its listings are under, where neither the format nor `regime` says so: a feed that
    may carry any regime bears on every licence item when it is overdue.
    """

    source: FolderSource | UrlSource
    every: Length
    overdue_after: Length = timedelta(0)
    carries: tuple[Code, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _three_readings(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("overdue_after") is None and "every" in given:
            # A length that is none is complained of where it stands.
            with contextlib.suppress(ValueError):
                every = _parsed(given["every"])
                return given | {"overdue_after": READINGS_MISSED * every} if every else given
        return given

    @field_validator("source", mode="before")
    @classmethod
    def _kind_of_source(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        if ("folder" in given) == ("url" in given):
            raise ValueError("needs folder or url, one of the two")
        kind = FolderSource if "folder" in given else UrlSource
        return kind.model_validate(given)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.overdue_after < self.every:
            raise ValueError("overdue_after must not be shorter than every")
        try:
            adapter_for(self)
        except RegistryError as error:
            raise ValueError(f"format: {error.detail}") from None
        return self

    @property
    def regimes(self) -> tuple[str, ...]:
        """The regimes that its listings may be under; empty where it may carry any."""
        return self.carries or adapter_for(self).regimes


class FeedsFile(_Model):
    """The whole file."""

    feeds: Annotated[tuple[ScheduledFeed, ...], Field(max_length=1000)]


class FeedsRejected(Rejected):
    """It is a feeds file that cannot be used."""


def load_feeds(path: Path) -> tuple[ScheduledFeed, ...]:
    """The feeds of a file, in its order. Raises `FeedsRejected`."""
    document = document_at(path)
    feeds = () if document.complaints else _shaped(document)
    if document.complaints:
        raise FeedsRejected(document.complaints_by_line())
    return feeds


def _shaped(document: Document) -> tuple[ScheduledFeed, ...]:
    if not isinstance(document.tree, dict):
        document.complain("value", (), "a feeds file is a mapping with one field, feeds: a list of feeds")
        return ()
    try:
        feeds = FeedsFile.model_validate(document.tree).feeds
    except ValidationError as error:
        for details in error.errors(include_url=False, include_input=False):
            document.complain(_rule(details), _node(document.tree, details), _message(details))
        return ()
    seen: set[str] = set()
    for number, feed in enumerate(feeds):
        if feed.name in seen:
            document.complain("value", ("feeds", number, "name"), "an earlier feed has this name")
        seen.add(feed.name)
    return feeds


def _node(tree: Tree, details: ErrorDetails) -> NodePath:
    """Where a complaint belongs: the steps of pydantic's location that lead to a node of the file."""
    path: list[str | int] = []
    node = tree
    for step in details["loc"]:
        match node:
            case dict() if isinstance(step, str) and step in node:
                node = node[step]
            case list() if isinstance(step, int) and step < len(node):
                node = node[step]
            case _:
                continue
        path.append(step)
    if details["type"] == "missing":
        path.append(details["loc"][-1])
    return tuple(path)


def _rule(details: ErrorDetails) -> str:
    return {"missing": "missing-field", "extra_forbidden": "unknown-field"}.get(details["type"], "value")


def _message(details: ErrorDetails) -> str:
    match details["type"]:
        case "missing":
            return "this field is required"
        case "extra_forbidden":
            return f"there is no field {str(details['loc'][-1])[:64]!r} here; remove it or correct its name"
        case "value_error":
            return str(details.get("ctx", {}).get("error", details["msg"]))
        case _:
            return details["msg"].replace("Input should", "must").replace("Value error, ", "")


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
