"""One running node with a loaded registry, shared by the server's tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from clearway.registry.registry import Registry
from tests.contract.feeds_left import left
from tests.contract.loaded import load
from tests.node import RunningNode
from tests.parties import access_file
from tests.postgres import must_be_there

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningNode, Registry]]:
    """A node and the registry it serves, open for changes."""
    data_dir = tmp_path_factory.mktemp("served")
    with load(data_dir) as registry, RunningNode(data_dir, web_listen="127.0.0.1:0") as node:
        yield node, registry


@pytest.fixture(scope="session")
def node(served: tuple[RunningNode, Registry]) -> RunningNode:
    return served[0]


@pytest.fixture(scope="session")
def served_registry(served: tuple[RunningNode, Registry]) -> Registry:
    return served[1]


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    """A node that knows its callers: those of `tests.parties`."""
    data_dir = tmp_path_factory.mktemp("guarded")
    (data_dir / "access.yaml").write_text(access_file(), "utf-8")
    with load(data_dir), RunningNode(data_dir, access=data_dir / "access.yaml", web_listen="127.0.0.1:0") as node:
        yield node


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """A real browser, for the tests of a module."""
    from tests.browsers import NoBrowser, browser  # heavy, and for few tests

    try:
        with browser() as running:
            yield running
    except NoBrowser as missing:
        if must_be_there():
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def served_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningNode, Registry]]:
    """A node that knows its callers, with rows set aside and lists that wait; and the registry it serves."""
    data_dir = tmp_path_factory.mktemp("left")
    (data_dir / "access.yaml").write_text(access_file(), "utf-8")
    with left(data_dir, access=data_dir / "access.yaml") as found:
        yield found
