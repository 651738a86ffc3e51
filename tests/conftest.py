"""What holds for every test: unit and property tests open no sockets; Hypothesis runs deeper where CI asks for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket, enable_socket

WITHOUT_SOCKETS = (Path(__file__).parent / "unit", Path(__file__).parent / "property")

settings.register_profile("quick", max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else "quick")


@pytest.fixture(autouse=True)
def _sockets_only_where_a_test_is_about_them(request: pytest.FixtureRequest) -> None:
    if any(folder in request.path.parents for folder in WITHOUT_SOCKETS):
        disable_socket(allow_unix_socket=True)
    else:
        enable_socket()
