"""Each format's files, ordinary and hostile, and what must come of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from clearway.registry.events import Listed
from clearway.registry.feeds.adapters import FORMATS, REGIMES_OF_FORMATS, adapter_for
from clearway.registry.feeds.files import FeedFile
from clearway.registry.feeds.rows import Fault, RowReason
from clearway.registry.registry import Registry
from tests.feeds.reading import COUNTS, FOLDER, Fixture, fixtures, outcome
from tests.unit.registry.making import CITIZEN, MOMENT, open_registry

CORRECTABLE = {RowReason.DATE, RowReason.END_DATE, RowReason.TERM, RowReason.IDENTIFIER_CHECK_SIGN}
FIXTURES = fixtures()
BY_NAME = {f"{fixture.path.parent.name}/{fixture.path.stem}": fixture for fixture in FIXTURES}


def wanted(fixture: Fixture) -> dict[str, Any]:
    document = fixture.wanted
    if same := document.get("same_subjects_as"):
        other = yaml.safe_load((fixture.path.parent / same).read_text("utf-8"))
        document = {**document, "subjects": other["subjects"]}
    return {part: document[part] for part in ("report", "set_aside", "subjects")}


@pytest.fixture(params=list(BY_NAME))
def fixture(request: pytest.FixtureRequest) -> Fixture:
    return BY_NAME[request.param]


def test_a_list_is_read_as_its_fixture_says(fixture: Fixture, registry: Registry, tmp_path: Path) -> None:
    report = registry.import_feed(fixture.spec, fixture.written(tmp_path), actor="operator", moment=MOMENT)
    assert outcome(registry, report) == wanted(fixture)


def test_the_same_file_again_changes_nothing(fixture: Fixture, registry: Registry, tmp_path: Path) -> None:
    file = fixture.written(tmp_path)
    first = registry.import_feed(fixture.spec, file, actor="operator", moment=MOMENT)
    # A hostile whole list is odd enough to need a word: more rows of it are set aside than are taken.
    again = registry.import_feed(fixture.spec, file, actor="operator", moment=MOMENT, confirm=True)
    assert (again.accepted, again.unchanged, again.gone) == (0, first.accepted + first.unchanged, 0)
    assert again.reasons == first.reasons


def test_no_citizens_number_is_kept_anywhere(fixture: Fixture, tmp_path: Path) -> None:
    with open_registry(tmp_path) as registry:
        registry.import_feed(fixture.spec, fixture.written(tmp_path), actor="operator", moment=MOMENT)
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("registry.db*"))
    assert CITIZEN.encode() not in kept
    assert CITIZEN[:17].encode() not in kept


def test_every_format_has_an_ordinary_and_a_hostile_file() -> None:
    assert {f"{name}/{kind}" for name in FORMATS for kind in ("ordinary", "hostile")} <= set(BY_NAME)


def test_every_count_of_a_fixture_adds_up() -> None:
    for fixture in FIXTURES:
        report = fixture.wanted["report"]
        assert report["rows"] == sum(report[count] for count in COUNTS[1:]), fixture.path
        assert report["quarantined"] + report["rejected"] == sum(report["reasons"].values()), fixture.path


@pytest.mark.parametrize("name", ["dual-publicity-licences", "dual-publicity-penalties"])
@pytest.mark.parametrize("first", ["ordinary", "ordinary-2016"])
def test_the_other_generation_of_the_template_changes_nothing(
    name: str, first: str, registry: Registry, tmp_path: Path
) -> None:
    """Both generations state the same facts of the same subjects, to the ids of the facts and to the codes."""
    one = BY_NAME[f"{name}/{first}"]
    other = BY_NAME[f"{name}/{'ordinary' if first == 'ordinary-2016' else 'ordinary-2016'}"]
    registry.import_feed(one.spec, one.written(tmp_path), actor="operator", moment=MOMENT)
    report = registry.import_feed(other.spec, other.written(tmp_path), actor="operator", moment=MOMENT)
    assert report.unchanged == report.rows > 0


def test_every_event_says_which_row_of_the_file_it_came_from(registry: Registry, tmp_path: Path) -> None:
    fixture = BY_NAME["trusted-list/ordinary"]
    registry.import_feed(fixture.spec, fixture.written(tmp_path), actor="operator", moment=MOMENT)
    (entry,) = registry.history("cn-uscc", "91999999000000019D")
    assert isinstance(entry.event, Listed)
    assert (entry.origin, entry.source, entry.event.row) == ("feed:tax-a", "ordinary.csv", 4)


def test_an_old_number_leads_to_the_subject_of_its_crosswalk(registry: Registry, tmp_path: Path) -> None:
    fixture = BY_NAME["crosswalk/ordinary"]
    registry.import_feed(fixture.spec, fixture.written(tmp_path), actor="operator", moment=MOMENT)
    old = [("cn-orgcode", "00000001-9"), ("cn-regno", "999999000000019"), ("cn-taxno", "999999000000019")]
    found = {registry.profile(scheme, code) for scheme, code in old}
    assert found == {registry.profile("cn-uscc", "91999999000000019D")}


def test_a_row_set_aside_can_be_read_again_by_what_is_kept_of_it(fixture: Fixture, tmp_path: Path) -> None:
    """The columns that are kept are a header, and give the same fault again."""
    adapter = adapter_for(fixture.spec)
    with FeedFile(fixture.written(tmp_path)) as file:
        sheet = adapter.open(file.lines())
        aside = [row for row in sheet.rows() if isinstance(row.content, Fault) and row.content.reason in CORRECTABLE]
        originals = [sheet.original(row) for row in aside]
    for row, original in zip(aside, originals, strict=True):
        if not set(original.values()) <= {"", *map(str.strip, row.cells)}:
            continue  # Masked, and so for its source to correct.
        (again,) = adapter.open(iter([(0, list(original)), (row.number, list(original.values()))])).rows()
        assert again.content == row.content


def test_what_a_format_lists_is_under_the_regimes_it_says(fixture: Fixture, registry: Registry, tmp_path: Path) -> None:
    known = REGIMES_OF_FORMATS.get(fixture.spec.format)
    if known is not None:
        registry.import_feed(fixture.spec, fixture.written(tmp_path), actor="operator", moment=MOMENT)
        listed = {listing.regime for subject in registry.list_subjects() for listing in subject.listings}
        assert listed <= set(known)


def test_fixtures_lie_in_folders_of_formats() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(FORMATS)
