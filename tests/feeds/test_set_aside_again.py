"""A row that was set aside reads the same when it is run through its format again, whatever the format."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.feeds.adapters import adapter_for
from clearway.registry.registry import Registry
from tests.feeds.reading import Fixture, fixtures
from tests.unit.registry.making import MOMENT

HOSTILE = [fixture for fixture in fixtures() if fixture.wanted["report"]["quarantined"]]
OF_THE_WHOLE_FILE = {"duplicate", "identifier_collision", "fact_of_another"}
"""Reasons that other rows have part in."""


@pytest.mark.parametrize("fixture", HOSTILE, ids=lambda fixture: f"{fixture.path.parent.name}-{fixture.path.stem}")
def test_a_row_that_is_not_changed_is_set_aside_for_the_same_reason(
    fixture: Fixture, registry: Registry, tmp_path: Path
) -> None:
    registry.import_feed(fixture.spec, fixture.written(tmp_path), actor="o", moment=MOMENT, confirm=True)
    adapter = adapter_for(fixture.spec)
    rows = registry.quarantine.list()
    assert rows
    for row in rows:
        if row.masked:
            with pytest.raises(RegistryError) as refused:
                registry.quarantine.correct(adapter, {row.row_id: {}}, actor="o", moment=MOMENT)
            assert refused.value.reason is RegistryReason.MASKED_ROW
        elif row.reason not in OF_THE_WHOLE_FILE:
            done = registry.quarantine.correct(adapter, {row.row_id: {}}, actor="o", moment=MOMENT)
            assert (row.row_number, done.refused[row.row_id].reason.value) == (row.row_number, row.reason)


def test_every_format_has_rows_to_set_aside() -> None:
    assert len({fixture.path.parent.name for fixture in HOSTILE}) >= 10
