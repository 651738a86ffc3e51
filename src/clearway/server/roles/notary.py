"""The notary: numbers the log's rows, signs its tree and publishes it."""

from __future__ import annotations

import os

from clearway.querylog.transparency.folders import TileFolder
from clearway.querylog.transparency.notary import Notary
from clearway.server.databases import let_go, open_log, patiently
from clearway.server.keys import load_signer
from clearway.server.logs import configure_logs
from clearway.server.roles.process import (
    BEHIND_ANSWERS,
    stop_event,
    unless_stopped,
)
from clearway.server.settings import Settings


def run(settings: Settings) -> None:
    """Number the log's rows, sign its tree and publish it until SIGTERM, or until the parent is gone."""
    configure_logs(settings.log_level)
    os.nice(BEHIND_ANSWERS)
    stop = stop_event()
    signer = load_signer(settings)
    with unless_stopped(), let_go(patiently(stop, lambda: open_log(settings))) as central:
        Notary(central, TileFolder(settings.tree_dir), signer).run(stop, settings.checkpoint_interval)
