"""What holds for every test: unit and property tests open no sockets; Hypothesis tries a hundred cases or thousands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket, enable_socket

from clearway.querylog.central import open_central
from clearway.registry import database as registry_database
from tests.postgres import TEMPLATE, NoServer, Server, must_be_there
from tests.scheduling import ByGroupOrFile, longest_first

WITHOUT_SOCKETS = (Path(__file__).parent / "unit", Path(__file__).parent / "property")

for profile, examples in (("usual", 100), ("deep", 5000)):  # The last for `make laws`.
    settings.register_profile(
        profile, max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
settings.load_profile("usual")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByGroupOrFile | None:
    return ByGroupOrFile(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(autouse=True)
def _sockets_only_where_a_test_is_about_them(request: pytest.FixtureRequest) -> None:
    if any(folder in request.path.parents for folder in WITHOUT_SOCKETS):
        disable_socket(allow_unix_socket=True)
    else:
        enable_socket()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server of this session's own. Without one, tests are skipped; where CI runs them, they fail."""
    try:
        server = Server.make()
    except NoServer as missing:
        if must_be_there():
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    try:
        server.execute(f"CREATE DATABASE {TEMPLATE}")
        make_template(server.url(TEMPLATE))
        yield server
    finally:
        server.remove()


@pytest.fixture
def postgresql_url(postgresql: Server) -> Iterator[str]:
    """The URL of a database of the test's own, with the tables made and nothing in them."""
    with postgresql.database() as url:
        yield url


def make_template(url: str) -> None:
    """Bring a database up to date, for others to be copied from: it has no identity, so that each gets its own."""
    engine = registry_database.open_engine(url)
    registry_database.bring_up_to_date(engine)
    engine.dispose()
    open_central(url).dispose()
