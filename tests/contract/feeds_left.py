"""What feeds leave to a person, for tests of service and console: rows set aside, and lists that wait."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stdnum.cn import uscc

from clearway.registry.feeds.flat_csv import COLUMNS
from clearway.registry.fetching.fetcher import Fetcher
from clearway.registry.readings import FetchOutcome
from clearway.registry.registry import Registry
from clearway.registry.schedule import FolderSource, ScheduledFeed, load_feeds
from clearway.server.settings import Settings
from tests.contract.loaded import load
from tests.node import RunningNode
from tests.unit.registry.making import CITIZEN, write_csv

BEIJING, SHANGHAI = "110000", "310000"
WRONG_DAY = "some day"
ROWS = 6
"""Rows of each kind that are set aside."""
LISTS = ("whole-1", "whole-2", "whole-3", "whole-4")
"""Feeds whose second list waits."""

FLAT = "    format: flat-csv\n    every: 1d\n    overdue_after: 30d\n"


def code_in(region: str, number: int) -> str:
    """A valid unified social credit code of an organisation registered in a region."""
    body = f"91{region}MA{number:07d}"
    return body + uscc.calc_check_digit(body)


def a_row(number: int, code: str, **cells: str) -> dict[str, str]:
    """A listing, as our own flat form has it."""
    day = (datetime.now(UTC) - timedelta(days=30)).date().isoformat()
    fields = {
        "fact": "listing",
        "scheme": "cn-uscc",
        "code": code,
        "name": f"虚构{number}有限公司",
        "listing_id": f"LEFT-{number}",
        "regime": "SAMR-SERIOUS",
        "document_number": f"虚构文{number}号",
        "document_date": day,
        "effective_from": day,
    }
    return fields | cells


def set_aside_rows() -> list[dict[str, str]]:
    """Rows without a day that can be read, of two regions and a person; of one the code's check sign is wrong."""
    rows = [a_row(n, code_in(BEIJING, n), document_date=WRONG_DAY) for n in range(ROWS)]
    rows += [a_row(100 + n, code_in(SHANGHAI, 100 + n), document_date=WRONG_DAY) for n in range(ROWS)]
    code = code_in(BEIJING, 200)
    rows.append(a_row(200, code[:-1] + ("0" if code[-1] != "0" else "1")))
    rows.append(a_row(201, CITIZEN, scheme="cn-ric", name="虚构某人甲", document_date=WRONG_DAY))
    return rows


def feeds_file(folder: Path) -> Path:
    """The feeds file, and the folders that it reads."""
    entries = []
    for name, regime in (("samr", "SAMR-SERIOUS"), ("tax", "TAX-MAJOR"), *((name, "SAMR-SERIOUS") for name in LISTS)):
        inbox = folder / f"inbox-{name}"
        inbox.mkdir()
        whole = "    full_list: true\n" if name in LISTS else ""
        source = f"    source: {{folder: {inbox}, pattern: '*.csv'}}\n"
        entries.append(f"  - name: {name}\n{FLAT}{whole}    carries: [{regime}]\n{source}")
    file = folder / "feeds.yaml"
    file.write_text("feeds:\n" + "".join(entries), "utf-8")
    return file


def read(fetcher: Fetcher, feed: ScheduledFeed, name: str, rows: list[dict[str, str]]) -> FetchOutcome:
    """A complete file in the feed's folder, read."""
    assert isinstance(feed.source, FolderSource)
    file = write_csv(feed.source.folder / name, COLUMNS, rows)
    then = time.time() - 60
    os.utime(file, (then, then))
    return fetcher.fetch(feed, datetime.now(UTC)).fetch.outcome


def leave(registry: Registry, data_dir: Path) -> Path:
    """Read all the feeds, so that rows are set aside and lists wait; gives the feeds file."""
    file = feeds_file(data_dir)
    feeds = {feed.name: feed for feed in load_feeds(file)}
    fetcher = Fetcher(registry, Settings(data_dir=data_dir).feeds_dir)
    assert read(fetcher, feeds["samr"], "1.csv", set_aside_rows()) is FetchOutcome.LOADED
    tax = a_row(300, code_in(BEIJING, 300), regime="TAX-MAJOR", document_date=WRONG_DAY)
    assert read(fetcher, feeds["tax"], "1.csv", [tax]) is FetchOutcome.LOADED
    for number, name in enumerate(LISTS):
        rows = [a_row(n, code_in(BEIJING, n)) for n in range(1000 * (number + 1), 1000 * (number + 1) + 10)]
        assert read(fetcher, feeds[name], "1.csv", rows) is FetchOutcome.LOADED
        wrong = a_row(999 - number, code_in(BEIJING, 999 - number), document_date=WRONG_DAY)
        assert read(fetcher, feeds[name], "2.csv", [*rows[:2], wrong]) is FetchOutcome.WAITING
    return file


@contextmanager
def left(data_dir: Path, access: Path | None = None) -> Iterator[tuple[RunningNode, Registry]]:
    """A node whose feeds left something to a person, and its registry."""
    with load(data_dir) as registry:
        feeds = leave(registry, data_dir)
        web = "127.0.0.1:0"
        open_to_all = RunningNode(data_dir, feeds=feeds, web_listen=web)
        with (
            open_to_all if access is None else RunningNode(data_dir, feeds=feeds, web_listen=web, access=access) as node
        ):
            yield node, registry
