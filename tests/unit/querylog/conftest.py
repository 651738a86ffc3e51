from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from clearway.querylog.central import JOURNAL_DIRECTORY, LOG_FILE, open_central


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    return tmp_path / JOURNAL_DIRECTORY


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Engine]:
    engine = open_central(tmp_path / LOG_FILE)
    yield engine
    engine.dispose()
