"""Sessions that were ended are known to whoever reads the log, for as long as one could last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, func, select

from clearway.querylog.central import ended_session
from clearway.querylog.reader import Log
from clearway.server.console_sessions import REMEMBERED
from clearway.server.settings import Settings

NOW = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
ENDED, OTHER = bytes(range(16)), bytes(16)
HOUR = timedelta(hours=1)


def test_an_ended_session_is_known_to_every_reader_of_the_log(central: Engine, tmp_path: Path) -> None:
    here, there = (Log(central, tmp_path / name) for name in ("a", "b"))
    assert not there.session_has_ended(ENDED)
    for _ in range(2):
        here.end_session(ENDED, NOW + HOUR, NOW)
    assert there.session_has_ended(ENDED)
    assert not there.session_has_ended(OTHER)


def test_what_no_session_could_outlast_is_forgotten(central: Engine, tmp_path: Path) -> None:
    log = Log(central, tmp_path)
    log.end_session(ENDED, NOW + HOUR, NOW)
    log.end_session(OTHER, NOW + 3 * HOUR, NOW + HOUR - timedelta(seconds=1))
    assert log.session_has_ended(ENDED)
    log.end_session(OTHER, NOW + 3 * HOUR, NOW + HOUR)
    assert not log.session_has_ended(ENDED)
    with central.connect() as connection:
        assert connection.execute(select(func.count()).select_from(ended_session)).scalar_one() == 1


def test_an_end_is_remembered_for_longer_than_any_session_may_last() -> None:
    (longest,) = (found.le for found in Settings.model_fields["console_hours"].metadata if hasattr(found, "le"))
    assert timedelta(hours=longest) < REMEMBERED
