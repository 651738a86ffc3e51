"""Several nodes on one PostgreSQL database: as processes, each with a data folder of its own."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clearway.registry.registry import Registry
from clearway.registry.synthetic import write
from clearway.subjects.keys import SubjectKeys
from tests.contract.loaded import SUBJECTS
from tests.contract.nodes.nodes import KEY, postgres_processes
from tests.node import RunningNode
from tests.postgres import TEMPLATE, NoServer, Server, must_be_there


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that these tests may stop."""
    try:
        own = Server.make()
    except NoServer as missing:
        if must_be_there():
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    try:
        own.execute(f"CREATE DATABASE {TEMPLATE}")
        yield own
    finally:
        own.remove()


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    with server.database("template0") as made:
        yield made
        # Whatever a test did to the server, the next one finds it running.
        with contextlib.suppress(ProcessLookupError):
            for pid in postgres_processes(server):
                os.kill(pid, signal.SIGCONT)


@pytest.fixture
def registry(url: str, tmp_path: Path) -> Iterator[Registry]:
    """The record, loaded with the synthetic subjects."""
    now = datetime.now(UTC)
    file = tmp_path / "synthetic.csv"
    write(file, SUBJECTS, now.astimezone(ZoneInfo("Asia/Shanghai")).date())
    with Registry.open(url, SubjectKeys(bytes.fromhex(KEY)), moment=now) as opened:
        opened.import_feed("flat-csv", file, actor="test", moment=now)
        yield opened


@pytest.fixture
def start(url: str, registry: Registry, tmp_path: Path) -> Iterator[Callable[..., RunningNode]]:
    """Starts a node with a data folder of its own."""
    with contextlib.ExitStack() as nodes:

        def started(name: str, **settings: Any) -> RunningNode:
            return nodes.enter_context(RunningNode(tmp_path / name, database=url, subject_key=KEY, **settings))

        yield started
