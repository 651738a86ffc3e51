"""The follower: keeps the node's index in step with the registry."""

from __future__ import annotations

from datetime import UTC, datetime

from clearway.index.follower import Follower
from clearway.index.layout import IndexLayout
from clearway.server.databases import open_registry, patiently
from clearway.server.keys import load_keys
from clearway.server.logs import configure_logs
from clearway.server.roles.process import (
    stop_event,
    unless_stopped,
)
from clearway.server.settings import Settings


def run(settings: Settings) -> None:
    """Keep the node's index in step with the registry until SIGTERM, or until the parent is gone."""
    configure_logs(settings.log_level)
    stop = stop_event()
    keys = load_keys(settings)
    with (
        unless_stopped(),
        patiently(stop, lambda: open_registry(settings, keys, datetime.now(UTC))) as registry,
        Follower(registry.changes, IndexLayout(settings.data_dir), keys) as follower,
        registry.waiting(stop) as pause,
    ):
        follower.run(stop, settings.follow_interval, pause=pause)
