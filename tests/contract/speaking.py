"""Speaking HTTP to a node, as curl does."""

from __future__ import annotations

import json
from typing import Any

import httpx
from google.protobuf import json_format
from google.protobuf.message import Message

from tests.node import RunningNode

JSON = {"content-type": "application/json"}
CHECK = "/clearway.v1.CheckService/CheckSubject"
WATCH = "/clearway.v1.CheckService/WatchCases"
GET_CHECK = "/clearway.v1.CheckService/GetCheck"
PATIENCE = 20.0


def post(node: RunningNode, path: str, body: Message | bytes | str, **headers: str) -> httpx.Response:
    """The answer to a POST; `_` in a header's name stands for `-`."""
    content = json_format.MessageToJson(body) if isinstance(body, Message) else body
    named = JSON | {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(f"http://{node.web}{path}", content=content, headers=named, timeout=PATIENCE)


def reason_in(answer: httpx.Response) -> str:
    """The reason of a refusal, held to the form that every refusal has."""
    assert answer.headers["content-type"] == "application/json", answer.text
    return str(info_in(answer.json())["reason"])


def info_in(error: dict[str, Any]) -> dict[str, Any]:
    """The `ErrorInfo` of a Connect error."""
    assert error["code"]
    assert error["message"]
    (info,) = [detail["debug"] for detail in error["details"] if detail["type"] == "google.rpc.ErrorInfo"]
    assert info["domain"] == "clearway"
    return dict(info)


def violations_in(answer: httpx.Response) -> list[tuple[str, str]]:
    """Fields to blame, and the rule that each breaks."""
    found = [d["debug"] for d in answer.json()["details"] if d["type"] == "google.rpc.BadRequest"]
    return [(v.get("field", ""), v.get("reason", "")) for one in found for v in one["fieldViolations"]]


def nested(depth: int) -> str:
    """A list in a list, `depth` deep."""
    return json.dumps({"subject": "x"}).replace('"x"', "[" * depth + "]" * depth)
