"""The dashboard and the alert rules speak of metrics that exist, and the operator's guide of the same alerts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.core import SummaryMetricFamily

from clearway.server.metrics import FAMILIES, LEAD, Family
from clearway.server.node_metrics import NODE_FAMILIES, NodeFamily

ROOT = Path(__file__).parents[2]
RULES = yaml.safe_load((ROOT / "deploy/prometheus/clearway.rules.yml").read_text("utf-8"))
ALERTS: dict[str, dict[str, Any]] = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"]}
DASHBOARD = json.loads((ROOT / "deploy/grafana/clearway.json").read_text("utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def series(family: Family | NodeFamily) -> set[str]:
    """The names under which Prometheus keeps a metric."""
    if isinstance(family, NodeFamily) and family.kind is SummaryMetricFamily:
        return {f"{family.name}_sum", f"{family.name}_count"}
    return {family.name}


SERVED = set().union(*(series(family) for family in (*FAMILIES, *NODE_FAMILIES))) | {LEAD}
EXPRESSION = re.compile(r"^\| `([^|`]*clearway_[^|`]*[<>=(][^|`]*)` \|", re.MULTILINE)


def metrics_in(expression: str) -> set[str]:
    """The metrics that a PromQL expression reads. Raises `ValueError` where it is none."""
    # Grafana's own variables stand where Prometheus wants a duration or a pattern.
    plain = expression.replace("$__rate_interval", "5m").replace("$instance", ".*")
    return set(names(promql_parser.parse(plain)))


def names(expression: object) -> Iterator[str]:
    """Every vector's name in a parsed expression, whatever it is made of."""
    if isinstance(expression, promql_parser.VectorSelector):
        assert expression.name is not None
        yield expression.name
        return
    parts = [getattr(expression, part, None) for part in ("lhs", "rhs", "expr", "vector_selector", "vs")]
    arguments = list(getattr(expression, "args", None) or ())
    for part in (*parts, *arguments):
        if part is not None:
            yield from names(part)


def canonical(expression: str) -> str:
    """The expression as the parser writes it."""
    return str(promql_parser.parse(expression))


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_reads_metrics_that_exist_and_says_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    read = metrics_in(rule["expr"])
    assert read
    assert read <= SERVED
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["action"]


def test_the_operators_guide_explains_every_alert_and_no_other() -> None:
    told = [canonical(found) for found in EXPRESSION.findall((ROOT / "docs/operations.md").read_text("utf-8"))]
    assert sorted(told) == sorted(canonical(rule["expr"]) for rule in ALERTS.values())


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_reads_metrics_that_exist(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["targets"]
    for target in panel["targets"]:
        read = metrics_in(target["expr"])
        assert read
        assert read <= SERVED


def test_every_metric_is_shown_or_alerted_on() -> None:
    shown = {name for panel in PANELS for target in panel["targets"] for name in metrics_in(target["expr"])}
    alerted = {name for rule in ALERTS.values() for name in metrics_in(rule["expr"])}
    assert SERVED - shown - alerted == {"clearway_feed_last_attempt_timestamp_seconds"}


def test_the_dashboard_brings_no_source_of_its_own() -> None:
    sources = {json.dumps(value) for value in found(DASHBOARD, "datasource")}
    assert sources == {json.dumps({"type": "prometheus", "uid": "${source}"})}
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def found(tree: Any, key: str) -> Iterator[Any]:
    """Every value under `key`, however deep."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == key:
                yield value
            yield from found(value, key)
    elif isinstance(tree, list):
        for value in tree:
            yield from found(value, key)
