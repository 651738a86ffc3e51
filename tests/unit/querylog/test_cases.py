from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine

from clearway.querylog.cases import Window, last_in_window

from .records import NOON

WHOLE = Window("DEMO-LICENSING", NOON, NOON + timedelta(days=1))


def test_a_window_is_found_by_its_index_and_a_case_by_its_own(central: Engine) -> None:
    statement = last_in_window(WHOLE).compile(central, compile_kwargs={"literal_binds": True})
    with central.connect() as connection:
        plan = " ".join(str(row) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}"))
    assert "check_log_counted" in plan
    assert "check_log_case" in plan
    assert "SCAN" not in plan
