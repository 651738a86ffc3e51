"""The OpenAPI document against the running service: whatever fits it or does not, answers as it says."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.contract.speaking import PATIENCE, info_in
from tests.node import RunningNode

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node-2")]

DOCUMENT = json.loads((resources.files("clearway.web.json") / "openapi.json").read_text("utf-8"))
STREAMS = [
    path
    for path, item in DOCUMENT["paths"].items()
    if "text/event-stream" in item["post"]["responses"]["200"]["content"]
]
CHECKS = (
    not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance,
)  # fmt: skip

schema = schemathesis.openapi.from_dict(DOCUMENT).exclude(path=STREAMS)


@schema.parametrize()
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_service_answers_as_its_document_says(case: Any, node: RunningNode) -> None:
    response = case.call(base_url=f"http://{node.web}", timeout=PATIENCE)
    case.validate_response(response, checks=CHECKS)
    if response.status_code != 200:
        assert info_in(response.json())["reason"]


def test_only_streams_are_left_out() -> None:
    assert STREAMS == ["/clearway.v1.CheckService/WatchCases"]
