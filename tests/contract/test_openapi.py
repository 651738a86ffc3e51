"""The OpenAPI document against the running service: whatever fits it or does not, answers as it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.contract.speaking import PATIENCE, info_in
from tests.node import RunningNode

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node")]

DOCUMENT = json.loads((resources.files("clearway.web.json") / "openapi.json").read_text("utf-8"))
STREAMS = [
    path
    for path, item in DOCUMENT["paths"].items()
    if "text/event-stream" in item["post"]["responses"]["200"]["content"]
]
CHECKS = (
    not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance,
)  # fmt: skip


@pytest.fixture(scope="module")
def described() -> Any:
    # Here, and not where tests are collected, which every process does.
    return schemathesis.openapi.from_dict(DOCUMENT)


@pytest.mark.parametrize("path", [path for path in DOCUMENT["paths"] if path not in STREAMS])
def test_the_service_answers_as_its_document_says(path: str, described: Any, node: RunningNode) -> None:
    operation = described[path]["POST"]

    def answers(case: Any) -> None:
        response = case.call(base_url=f"http://{node.web}", timeout=PATIENCE)
        case.validate_response(response, checks=CHECKS)
        if response.status_code != 200:
            assert info_in(response.json())["reason"]

    for case in edges(operation):
        answers(case)
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))
    law = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    law(given(case=cases)(answers))()


def edges(operation: Any) -> Iterator[Any]:
    """The cases at the edges of what the document allows: each bound kept, and each one passed."""
    generation = operation.schema.config.generation_for(operation=operation, phase="coverage")
    yield from operation.schema.iter_coverage_cases(
        operation, generation_modes=list(GenerationMode), generation_config=generation
    )


def test_only_streams_are_left_out() -> None:
    assert STREAMS == ["/clearway.v1.CheckService/WatchCases"]
