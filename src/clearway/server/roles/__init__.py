"""What each child process of `clearway serve` does, by name.

The modules that every node needs are loaded once, before its processes are forked (`preloaded`); the others in their
own process alone. Each ends when its parent ends.
"""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module

PRELOADED = f"{__name__}.preloaded"


class Role(StrEnum):
    """The role of a process, by the module here that plays it."""

    WORKER = "worker"
    FOLLOWER = "follower"
    SHIPPER = "shipper"
    NOTARY = "notary"
    WATCHER = "watcher"
    FEEDS = "feeds"


def play(role: Role, *arguments: object) -> None:
    """Do what the role does until SIGTERM, or until the parent is gone."""
    import_module(f"{__name__}.{role}").run(*arguments)
