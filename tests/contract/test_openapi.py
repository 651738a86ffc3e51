"""The OpenAPI document against the running service: whatever fits it or does not, answers as it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import resources
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from clearway.querylog.central import open_central
from clearway.querylog.reader import Log
from clearway.registry.synthetic import Character
from tests.contract.loaded import a_check
from tests.contract.speaking import CHECK, GET_CHECK, PATIENCE, info_in, post, reason_in
from tests.node import RunningNode
from tools.openapi import REF, descriptors, document

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node")]

DOCUMENT = json.loads((resources.files("clearway.web.json") / "openapi.json").read_text("utf-8"))
SCHEMAS = DOCUMENT["components"]["schemas"]
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


# The document itself


def test_it_is_openapi(described: Any) -> None:
    described.validate()
    for schema in SCHEMAS.values():
        Draft202012Validator.check_schema(schema)


def test_every_pointer_leads_to_a_schema() -> None:
    assert set(re.findall(re.escape(REF) + r"([^\"]+)", json.dumps(DOCUMENT))) <= set(SCHEMAS)


def test_every_schema_has_a_name_that_generators_keep() -> None:
    assert {name for name in SCHEMAS if not re.fullmatch(r"[A-Z][A-Za-z]*", name)} == {"google.rpc.Status"}


def test_two_schemas_do_not_get_one_name() -> None:
    files = descriptors()
    file = next(file for file in files.file if file.name == "clearway/v1/subject.proto")
    file.message_type.add(name="IdentifierOutput")
    with pytest.raises(ValueError, match="IdentifierOutput"):
        document(files)


# What answers repeat of requests

MALFORMED = {
    "nothing": "{}",
    "no message": "{",
    "a kind without a name": '{"applicationKind": 99}',
    "no code": '{"subject": {"identifier": {}}, "consistency": {"minimizeLatency": false}}',
    "texts against their rules": json.dumps(
        {
            "subject": {"identifier": {"scheme": "NO SCHEME", "value": "1" * 100}, "name": "n" * 300},
            "itemCode": " ",
            "regionCode": "!",
            "caseNumber": "c" * 300,
            "officer": "\n",
            "requestId": "r" * 300,
            "suppliedMaterials": ["same", "same"],
        }
    ),
}
READING = {
    "GetCheck": GET_CHECK,
    "GetCard": "/clearway.v1.CardService/GetCard",
    "ShowCheck": "/clearway.v1.AuditService/ShowCheck",
}
REPORT_OUTCOME = "/clearway.v1.CheckService/ReportOutcome"


@pytest.mark.parametrize("reading", READING)
@pytest.mark.parametrize("malformed", MALFORMED)
def test_a_malformed_check_reads_back_as_the_document_says(
    malformed: str, reading: str, described: Any, node: RunningNode
) -> None:
    assert reason_in(post(node, CHECK, MALFORMED[malformed])) in ("INVALID_REQUEST", "MALFORMED_REQUEST")
    (refused,) = Log(open_central(node.data_dir / "log.db"), node.data_dir / "journal").newest(limit=1)
    case = described[READING[reading]]["POST"].Case(
        body={"checkId": refused.record.check_id}, media_type="application/json"
    )
    response = case.call_and_validate(base_url=f"http://{node.web}", timeout=PATIENCE, checks=CHECKS)
    assert response.status_code == 200


def test_what_an_officer_has_not_reported_on_is_named_as_the_document_says(described: Any, node: RunningNode) -> None:
    answer = post(node, CHECK, a_check(Character.SERIOUS)).json()
    report = {"checkId": answer["checkId"], "reportId": uuid4().hex, "officer": "officer 7"}
    case = described[REPORT_OUTCOME]["POST"].Case(body=report, media_type="application/json")
    response = case.call_and_validate(base_url=f"http://{node.web}", timeout=PATIENCE, checks=CHECKS)
    assert [set(measure) for measure in response.json()["unreported"]] == [{"measure", "listingId"}]
