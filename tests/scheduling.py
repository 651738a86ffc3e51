"""What `make test` runs together, and what it runs first, so that no processor waits for one long group at the end.

The tests of a file, or of all files that name one group (`xdist_group`), run in one process and share what is set up
for them: nodes, a browser, a database server. Groups are handed out longest first.

pytest-xdist's own groups are not relied on: it hands them over in the tests' ids, which pytest no longer lets anybody
change since 9.2, so that every process got some tests of every group, and set up all that they need.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parent.parent
SECONDS: Mapping[str, int] = MappingProxyType(
    {
        "node-2": 80,
        "browser": 70,
        "watching_cases": 57,
        "nodes": 73,
        "node": 60,
        "crash": 37,
        "webhooks": 32,
        "tests/property/test_decision_against_reference.py": 29,
        "feeds": 22,
        "tests/contract/registry/test_following_from_afar.py": 22,
        "tests/contract/registry/test_postgresql.py": 20,
        "evidence": 18,
        "tests/contract/registry/test_commands.py": 18,
        "tests/contract/querylog/test_reader.py": 15,
        "tests/contract/querylog/test_retention.py": 15,
        "tests/contract/registry/test_importer.py": 14,
        "tests/contract/querylog/test_search.py": 12,
        "tracing": 12,
        "tls": 12,
        "tests/fuzzing/test_bounded_runs.py": 12,
        "tests/contract/querylog/test_postgresql.py": 11,
        "tests/contract/querylog/test_shipper.py": 10,
        "tests/contract/registry/test_crosswalk.py": 10,
        "personal_data": 10,
        "tests/contract/querylog/test_tree.py": 9,
        "tests/contract/querylog/test_tallies.py": 9,
        "tests/unit/cli/test_registry.py": 7,
        "tests/contract/registry/test_quarantine.py": 7,
        "demo": 6,
        "tests/feeds/test_reports.py": 6,
        "tests/unit/cli/test_doctor.py": 5,
    }
)
"""Group, or file → how long it takes by itself, about; the others take less. `pytest --durations=0` tells."""

_GROUP = re.compile(r'\bxdist_group\("([\w-]+)"\)')


class ByGroupOrFile(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Hands out groups, and the files that are in none, in the order of collection."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        # Else the groups of many tests, however short, come before those of few.
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def longest_first(items: list[pytest.Item]) -> None:
    """Put in order what was collected; what takes equally long stays as it was.

    Raises `UsageError` where two tests have one id: handed to another process by its id, one of them would never run.
    """
    ids = Counter(item.nodeid for item in items)
    if twice := [nodeid for nodeid, count in ids.items() if count > 1]:
        raise pytest.UsageError(f"more than one test has this id: {', '.join(twice)}")
    items.sort(key=lambda item: SECONDS.get(group_of(item.nodeid), 0), reverse=True)


def group_of(nodeid: str) -> str:
    """The group that the test's file names; the file where it names none."""
    file = nodeid.partition("::")[0]
    return named_in(file) or file


@cache
def named_in(file: str) -> str:
    """The group that a file names, or nothing."""
    path = ROOT / file
    found = _GROUP.search(path.read_text("utf-8")) if path.is_file() else None
    return found[1] if found else ""
