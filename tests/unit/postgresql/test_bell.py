"""Waiting for notices where nobody can ring: the wait goes on, and whoever waits is not brought down."""

from __future__ import annotations

import threading
from time import monotonic

import psycopg
from sqlalchemy import create_engine

from clearway.postgresql.bell import Bell


def gone() -> psycopg.Connection[object]:
    raise psycopg.OperationalError("connection refused")


def test_where_the_database_is_gone_the_wait_is_for_the_time_given() -> None:
    bell = Bell(create_engine("postgresql+psycopg://", creator=gone), "anything", threading.Event())
    for _ in range(3):
        begun = monotonic()
        bell.wait(0.05)
        assert 0.04 < monotonic() - begun < 2.0
    bell.close()
