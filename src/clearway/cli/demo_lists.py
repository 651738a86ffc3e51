"""The demonstration's feed: a list that was loaded with a row set aside, and a second one that waits for a person.

The second has lost most of what the first had, as a file does that was cut off on its way: so much that somebody must
say whether it is right. Its firms are synthetic, and none of them is asked about in the demonstration.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path

from clearway.registry.feeds.flat_csv import COLUMNS
from clearway.registry.fetching.fetcher import Fetcher
from clearway.registry.registry import Registry
from clearway.registry.schedule import load_feeds
from clearway.registry.synthetic import Row, code_of, listed

NAME, REGIME = "demo-wages", "WAGE-ARREARS"
FIRST_FIRM, FIRMS, LEFT = 90_000_000, 24, 5

FEEDS = """\
# Written by the demonstration. The list is read from a folder beside it, once a day, and is never overdue: an overdue
# feed would leave answers undetermined, which is a scene for another day.
feeds:
  - name: {name}
    format: flat-csv
    full_list: true
    carries: [{regime}]
    every: 1d
    overdue_after: 36500d
    source: {{folder: {folder}, pattern: "*.csv"}}
"""


def prepare_lists(folder: Path, registry: Registry, feeds_dir: Path, now: datetime, today: date) -> Path:
    """Write both lists and the feeds file into `folder`, and read each list once; gives the feeds file.

    Where the feed was read before, nothing is written anew: what a visitor did with its lists stands.
    """
    file, lists = folder / "demo-feeds.yaml", folder / "demo-lists"
    if file.exists() and registry.feed_runs(NAME, limit=1):
        return file
    lists.mkdir(parents=True, exist_ok=True)
    file.write_text(FEEDS.format(name=NAME, regime=REGIME, folder=lists.resolve()), "utf-8")
    (feed,) = load_feeds(file)
    fetcher = Fetcher(registry, feeds_dir, actor="demo")
    whole = [listed(FIRST_FIRM + number, REGIME, today - timedelta(days=30 + number), today) for number in range(FIRMS)]
    write(lists / "wages-1.csv", [*whole, mistyped(today)], now - timedelta(days=1))
    fetcher.fetch(feed, now)
    write(lists / "wages-2.csv", whole[:LEFT], now - timedelta(hours=1))
    fetcher.fetch(feed, now)
    return file


def mistyped(today: date) -> Row:
    """A row whose code has two signs the wrong way round: its check sign tells."""
    row = listed(FIRST_FIRM + FIRMS, REGIME, today - timedelta(days=3), today)
    code = code_of(FIRST_FIRM + FIRMS)
    return {**row, "code": f"{code[:8]}{code[9]}{code[8]}{code[10:]}"}


def write(path: Path, rows: Iterable[Row], changed: datetime) -> None:
    """A list's file, last changed then: a file of this very moment would still be waited for."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    os.utime(path, (changed.timestamp(), changed.timestamp()))
