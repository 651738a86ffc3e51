"""What Prometheus is told of the feeds."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from clearway.registry.fetching.status import status_of_all
from clearway.server.metrics import FAMILIES, LEAD, FeedMetrics, LeadMetrics
from tests.unit.registry.fetching.sources import HOUR, START, Site, csl_feed, fetcher
from tests.unit.registry.making import open_registry


def told(feed_metrics: FeedMetrics) -> dict[str, float]:
    """Metric → its value for the one feed."""
    registry = CollectorRegistry()
    registry.register(feed_metrics)
    text = generate_latest(registry).decode()
    return {sample.name: sample.value for family in text_string_to_metric_families(text) for sample in family.samples}


def test_metrics_follow_the_record(tmp_path: Path) -> None:
    site, feed, now = Site(), csl_feed(), START
    site.publish(range(10))
    with open_registry(tmp_path) as registry:
        reads = fetcher(registry, tmp_path, site)
        metrics = FeedMetrics(lambda: status_of_all(registry, [feed], reads.waiting, now))
        unread = told(metrics)
        assert unread["clearway_feed_overdue"] == 1
        assert "clearway_feed_last_success_timestamp_seconds" not in unread
        reads.fetch(feed, START)
        assert told(metrics) == {
            "clearway_feed_last_success_timestamp_seconds": START.timestamp(),
            "clearway_feed_last_attempt_timestamp_seconds": START.timestamp(),
            "clearway_feed_failures_total": 0,
            "clearway_feed_rows": 10,
            "clearway_feed_overdue": 0,
            "clearway_feed_waiting": 0,
            "clearway_feed_quarantined_rows": 0,
        }
        site.answers = [httpx.Response(404)]
        reads.fetch(feed, START + HOUR)
        site.publish(())
        reads.fetch(feed, START + 2 * HOUR)
        now = START + timedelta(hours=3)
        later = told(metrics)
        assert later["clearway_feed_last_success_timestamp_seconds"] == START.timestamp()
        assert (later["clearway_feed_failures_total"], later["clearway_feed_waiting"]) == (1, 1)
        assert later["clearway_feed_overdue"] == 1


def test_every_metric_is_of_ours_and_says_what_it_means() -> None:
    assert all(family.name.startswith("clearway_feed_") and family.help for family in FAMILIES)
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


def test_who_leads_is_told_by_work() -> None:
    registry = CollectorRegistry()
    leads: dict[str, bool] = {}
    registry.register(LeadMetrics(lambda: leads))
    assert registry.get_sample_value(LEAD, {"work": "feeds"}) is None, "a node that is alone says nothing"
    leads.update(feeds=True, webhooks=False)
    assert [registry.get_sample_value(LEAD, {"work": work}) for work in leads] == [1.0, 0.0]
