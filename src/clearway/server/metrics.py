"""What Prometheus is told, read from the record whenever it asks: nothing is counted that a restart would lose.

docs/operations.md lists every metric; a test holds the page to `FAMILIES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from clearway.registry.fetching.status import FeedStatus


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with one value a feed: its name, what it means, and the value, or None where a feed has none."""

    name: str
    help: str
    value: Callable[[FeedStatus], float | None]
    counter: bool = False

    def of(self, statuses: Iterable[FeedStatus]) -> Metric:
        """The metric as of now, for these feeds."""
        kind = CounterMetricFamily if self.counter else GaugeMetricFamily
        family = kind(self.name, self.help, labels=["feed"])
        for status in statuses:
            value = self.value(status)
            if value is not None:
                family.add_metric([status.feed], value)
        return family


def seconds(moment: datetime | None) -> float | None:
    """A moment as Prometheus has it: seconds since 1970 UTC."""
    return None if moment is None else moment.timestamp()


FAMILIES = (
    Family(
        "clearway_feed_last_success_timestamp_seconds",
        "When the source was last read, in seconds since 1970 UTC; absent where it never was.",
        lambda status: seconds(status.read_at),
    ),
    Family(
        "clearway_feed_last_attempt_timestamp_seconds",
        "When reading the source was last tried, in seconds since 1970 UTC; absent where it never was.",
        lambda status: seconds(status.last_attempt.fetched_at) if status.last_attempt is not None else None,
    ),
    Family(
        "clearway_feed_failures_total",
        "Attempts to read the source that failed.",
        lambda status: float(status.failures),
        counter=True,
    ),
    Family("clearway_feed_rows", "Rows of the last import.", lambda status: float(status.rows)),
    Family(
        "clearway_feed_overdue",
        "1 where the source was not read in time and answers say so, else 0; absent for a feed on no schedule.",
        lambda status: None if status.overdue is None else float(status.overdue),
    ),
    Family(
        "clearway_feed_waiting",
        "1 where a list waits for a person to confirm it, else 0.",
        lambda status: float(status.waiting is not None),
    ),
    Family(
        "clearway_feed_quarantined_rows",
        "Rows set aside that wait to be corrected or dismissed.",
        lambda status: float(status.quarantined),
    ),
)
"""Every metric of the feeds."""


class FeedMetrics(Collector):
    """The metrics of every feed, as `statuses` gives them at the moment of asking."""

    def __init__(self, statuses: Callable[[], tuple[FeedStatus, ...]]) -> None:
        self._statuses = statuses

    def collect(self) -> Iterator[Metric]:
        """Every family, in the table's order."""
        statuses = self._statuses()
        for family in FAMILIES:
            yield family.of(statuses)

    def describe(self) -> Iterator[Metric]:
        """The families without values: registering asks for names, not for the record."""
        for family in FAMILIES:
            yield family.of(())


LEAD = "clearway_lead"
_LEAD_HELP = "1 where this node does the work for all nodes of its database, else 0; absent for a node that is alone."


class LeadMetrics(Collector):
    """Whether this node leads the work that one of several does, as `leads` gives it at the moment of asking."""

    def __init__(self, leads: Callable[[], Mapping[str, bool]]) -> None:
        self._leads = leads

    def collect(self) -> Iterator[Metric]:
        """One value a work."""
        family = GaugeMetricFamily(LEAD, _LEAD_HELP, labels=["work"])
        for work, led in self._leads().items():
            family.add_metric([work], float(led))
        yield family

    def describe(self) -> Iterator[Metric]:
        """The family without values."""
        yield GaugeMetricFamily(LEAD, _LEAD_HELP, labels=["work"])


def serve_metrics(address: tuple[str, int], registry: CollectorRegistry) -> tuple[WSGIServer, Thread]:
    """Serve the metrics at /metrics, in a thread of its own. Raises `OSError` where the address is taken."""
    host, port = address
    return start_http_server(port, host, registry)
