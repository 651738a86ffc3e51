"""Which version of the program this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """The installed program's version; empty where it runs from its source."""
    try:
        return version("clearway")
    except PackageNotFoundError:
        return ""
