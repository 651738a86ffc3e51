"""The shipper: moves journal rows to the central log, and gives account there of the node."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime

from clearway.index.layout import IndexLayout
from clearway.index.reader import IndexReader
from clearway.querylog.reader import Log
from clearway.querylog.shipper import Shipper
from clearway.server.databases import attach_log, let_go, open_log, patiently
from clearway.server.giving_account import NodeLookedAt, give_account_until
from clearway.server.keys import load_keys
from clearway.server.logs import configure_logs
from clearway.server.roles.process import (
    BEHIND_ANSWERS,
    stop_event,
    unless_stopped,
)
from clearway.server.settings import Settings
from clearway.server.tracing import traces_of
from clearway.server.vitals import VitalsFolder

LAST_WORD = 2.0
"""Seconds for which an account under way is waited for at the end; a database may hang."""


def run(settings: Settings) -> None:
    """Move journal rows to the central log until SIGTERM, or until the parent is gone."""
    configure_logs(settings.log_level)
    os.nice(BEHIND_ANSWERS)
    stop = stop_event()
    traces = traces_of(settings, "shipper")
    around = nullcontext if traces is None else traces.shipping
    with (
        nullcontext() if traces is None else closing(traces),
        unless_stopped(),
        let_go(patiently(stop, lambda: open_log(settings))) as central,
        Shipper(central, settings.data_dir / "journal", around=around) as shipper,
        account_given(settings, stop),
    ):
        shipper.run(stop, settings.ship_interval)


@contextmanager
def account_given(settings: Settings, stop: threading.Event) -> Iterator[None]:
    """Account of the node is given meanwhile, by connections of its own: rows wait for nothing."""
    central = attach_log(settings)
    node = NodeLookedAt(
        name=settings.node_name,
        log=Log(central, settings.journals),
        index=IndexReader(IndexLayout(settings.data_dir), load_keys(settings).ids),
        vitals=VitalsFolder(settings.data_dir),
        clock=lambda: datetime.now(UTC),
    )
    thread = threading.Thread(
        target=give_account_until, args=(stop, node, central), name="clearway-account", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        thread.join(timeout=LAST_WORD)
        central.dispose()
