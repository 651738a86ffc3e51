"""The shipper: moves journal rows to the central log."""

from __future__ import annotations

import os
from contextlib import closing, nullcontext

from clearway.querylog.shipper import Shipper
from clearway.server.databases import let_go, open_log, patiently
from clearway.server.logs import configure_logs
from clearway.server.roles.process import (
    BEHIND_ANSWERS,
    stop_event,
    unless_stopped,
)
from clearway.server.settings import Settings
from clearway.server.tracing import traces_of


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
    ):
        shipper.run(stop, settings.ship_interval)
