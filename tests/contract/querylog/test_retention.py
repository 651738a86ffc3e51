"""Rows erased by rule and by order, on every engine: the tree stays, the erasure shows, and what is held stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, func, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from clearway.querylog.central import attach, check_listing, check_log, on_postgresql, open_central, writing
from clearway.querylog.check_ids import moment_of
from clearway.querylog.journal import Journal
from clearway.querylog.reader import Log
from clearway.querylog.record import encode_record
from clearway.querylog.retention.cleaning import clean_up, uncleaned
from clearway.querylog.retention.erased import erasure_of
from clearway.querylog.retention.erasure import (
    Act,
    NotErasable,
    due,
    erase_by_order,
    erase_by_rules,
)
from clearway.querylog.retention.holds import Held, HoldsEverything, NoSuchHold, in_force, lift, place
from clearway.querylog.retention.rules import Retention
from clearway.querylog.retention.tables import log_cleaned, log_erased
from clearway.querylog.shipper import Shipper
from clearway.querylog.transparency.audit import Fault, audit_database, audit_files
from clearway.querylog.transparency.folders import TileFolder
from clearway.querylog.transparency.tables import log_opening
from clearway.transparency.merkle import leaf_hash, verify_inclusion
from tests.contract.querylog.trees import SIGNER, Tree, as_owner, run
from tests.postgres import NoServer, Server, must_be_there
from tests.unit.querylog.records import NOON, a_check_id, a_record
from tests.waiting import until

pytestmark = pytest.mark.sockets

KEY = [SIGNER.verifier]
LATER = datetime(2036, 3, 3, tzinfo=UTC)
ORDER = Act("operator", order="2026-17", reason="an order of a court")


@pytest.fixture
def tree(central: Engine, journals: Path, tmp_path: Path) -> Tree:
    """A log of ten checks, signed at four and at ten."""
    tree = Tree(central, journals, TileFolder(tmp_path / "tlog"))
    tree.grow(4)
    tree.grow(6)
    return tree


def rules(**changes: object) -> Retention:
    rule = {"id": "ten-years", "keep_years": 10} | changes
    return Retention.model_validate({"floor_years": 1, "maximum_years": 30, "rules": [rule]})


def erase(tree: Tree, *numbers: int) -> None:
    for number in numbers:
        erase_by_order(tree.central, a_check_id(number), ORDER, LATER, f"erasure-{number}")


def faults(tree: Tree) -> list[tuple[Fault, int, str]]:
    report = audit_database(tree.central, KEY, tree.folder, tree.kept)
    return [(finding.fault, finding.index, finding.check_id) for finding in report.findings]


# By rule


def test_what_is_due_is_told_by_rule_and_month_and_nothing_goes(tree: Tree) -> None:
    found = due(tree.central, rules(), LATER)
    assert found.rows == Counter({("ten-years", "2026-03"): 9})
    assert audit_database(tree.central, KEY, tree.folder, tree.kept).rows == 10


def test_what_is_due_goes_and_the_tree_stays(tree: Tree) -> None:
    assert erase_by_rules(tree.central, rules(), "operator", LATER, lambda: "erasure-1") == Counter({"ten-years": 9})
    tree.grow(1)
    report = audit_database(tree.central, KEY, tree.folder, tree.kept)
    assert report.findings == []
    assert (report.leaves, report.rows) == (12, 2)
    assert {leaf: erasure.because for leaf, erasure in report.erased.items()} == dict.fromkeys(
        range(9), "rule ten-years"
    )


def test_nothing_goes_before_its_time(tree: Tree) -> None:
    early = NOON.replace(year=NOON.year + 10)
    assert erase_by_rules(tree.central, rules(), "operator", early, lambda: "erasure-1") == Counter()


@pytest.mark.parametrize(
    ("changes", "due_rows"),
    [
        ({"authorities": ["DEMO-LICENSING"]}, 9),
        ({"authorities": ["ANOTHER"]}, 0),
        ({"items": ["FOOD-OPERATION"]}, 9),
        ({"items": ["ANOTHER"]}, 0),
        ({"outcomes": ["ORDINARY"]}, 9),
        ({"outcomes": ["RESTRICTION", "REFUSED"]}, 0),
        ({"records": "others"}, 0),
    ],
)
def test_a_rule_is_about_what_it_names(tree: Tree, changes: dict[str, object], due_rows: int) -> None:
    assert due(tree.central, rules(**changes), LATER).rows.total() == due_rows


def test_the_first_rule_that_covers_a_row_counts(tree: Tree) -> None:
    stated = {
        "floor_years": 1,
        "maximum_years": 30,
        "rules": [{"id": "long", "items": ["FOOD-OPERATION"], "keep_years": 30}, {"id": "short", "keep_years": 2}],
    }
    assert due(tree.central, Retention.model_validate(stated), LATER).rows == Counter()


# By order


def test_an_order_erases_one_row_with_its_listings_and_its_salt(tree: Tree) -> None:
    with writing(tree.central) as connection:
        connection.execute(insert(check_listing), {"listing_id": "listing-1", "check_id": a_check_id(3)})
    erase(tree, 3)
    with tree.central.connect() as connection:
        for table, condition in (
            (check_log, check_log.c.check_id == a_check_id(3)),
            (check_listing, check_listing.c.check_id == a_check_id(3)),
            (log_opening, log_opening.c.leaf_index == 2),
        ):
            assert connection.execute(select(func.count()).select_from(table).where(condition)).scalar() == 0
    assert faults(tree) == []


def test_an_erased_row_is_told_from_one_that_never_was(tree: Tree) -> None:
    erase(tree, 3)
    erasure = erasure_of(tree.central, a_check_id(3))
    assert erasure is not None
    assert (erasure.because, erasure.erased_by, erasure.erased_at) == ("order 2026-17", "operator", LATER)
    assert erasure_of(tree.central, a_check_id(4)) is None
    assert Log(tree.central, tree.journals.parent / "none").get(a_check_id(3)) is None


def test_what_is_proven_of_an_erased_row_still_holds(tree: Tree) -> None:
    before, entry = tree.proving().inclusion(a_check_id(3), 10)
    erase(tree, 3)
    after, same = tree.proving().inclusion(a_check_id(3), 10)
    assert (after, same) == (before, entry)
    opened = tree.proving().opened(a_check_id(3))
    assert (opened.record, opened.salt) == (None, None)


@pytest.mark.parametrize(("number", "why"), [(99, "no row"), (10, "last row"), (3, "held: hold 1")])
def test_what_may_not_be_erased_says_why(tree: Tree, number: int, why: str) -> None:
    with writing(tree.central) as connection:
        place(connection, Held(check_id=a_check_id(3)), "counsel", NOON, "a suit", None)
    with pytest.raises(NotErasable, match=why):
        erase(tree, number)
    assert faults(tree) == []


def test_a_row_erased_is_not_erased_again(tree: Tree) -> None:
    erase(tree, 3)
    with pytest.raises(NotErasable, match="no row"):
        erase(tree, 3)


def test_rows_that_arrive_after_an_erasure_get_their_leaves(tree: Tree) -> None:
    erase(tree, 8, 9)
    tree.grow(5)
    erase(tree, 10)
    tree.grow(2)
    report = audit_database(tree.central, KEY, tree.folder, tree.kept)
    assert (report.findings, report.leaves, report.rows) == ([], 20, 14)


# Counted and told


def test_erased_rows_are_counted_by_the_time_that_their_ids_have(
    central: Engine, journals: Path, tmp_path: Path
) -> None:
    tree = Tree(central, journals, TileFolder(tmp_path / "tlog"))
    tree.grow(10)
    erase(tree, 3, 7)
    log = Log(central, journals)
    made = moment_of(a_check_id(3))
    after = made + timedelta(milliseconds=1)
    assert (log.erased(), log.erased(made, after), log.erased(after), log.erased(None, made)) == (2, 2, 0, 0)
    rows = list(log.erased_rows(made, after))
    assert [(row.leaf_index, row.check_id) for row in rows] == [(2, a_check_id(3)), (6, a_check_id(7))]
    assert {row.because for row in rows} == {"order 2026-17 on 2036-03-03"}
    assert [row.seq for row in rows] == sorted(row.seq for row in rows)


def test_an_erased_row_whose_erasure_is_none_is_told_all_the_same(tree: Tree) -> None:
    erase(tree, 3)
    run(tree, "UPDATE log_leaf SET entry = :entry WHERE seq IS NULL", entry=b"nothing")
    (row,) = Log(tree.central, tree.journals).erased_rows()
    assert (row.check_id, row.erasure, row.because) == (a_check_id(3), None, "")


# Held


@pytest.mark.parametrize(
    "held",
    [
        Held(case_number="CASE-3"),
        Held(check_id=a_check_id(3)),
        Held(subject_key=bytes(range(16)), case_number="CASE-3"),
        Held(since=NOON + timedelta(seconds=3), until=NOON + timedelta(seconds=4)),
    ],
)
def test_what_is_held_stays_until_it_is_lifted(tree: Tree, held: Held) -> None:
    with writing(tree.central) as connection:
        number = place(connection, held, "counsel", NOON, "a suit", None)
    found = due(tree.central, rules(), LATER)
    assert (found.rows.total(), found.held) == (8, Counter({"ten-years": 1}))
    assert erase_by_rules(tree.central, rules(), "operator", LATER, lambda: "e-1").total() == 8
    with writing(tree.central) as connection:
        lift(connection, number, "counsel", LATER, "the suit is over")
    assert erase_by_rules(tree.central, rules(), "operator", LATER, lambda: "e-2").total() == 1
    assert faults(tree) == []


def test_a_hold_ends_on_its_day(tree: Tree) -> None:
    with writing(tree.central) as connection:
        place(connection, Held(case_number="CASE-3"), "counsel", NOON, "a suit", LATER)
        assert in_force(connection, LATER - timedelta(seconds=1))
        assert in_force(connection, LATER) == []


def test_a_hold_that_is_not_there_cannot_be_lifted(tree: Tree) -> None:
    with writing(tree.central) as connection, pytest.raises(NoSuchHold):
        lift(connection, 7, "counsel", LATER, "none")


def test_a_hold_of_everything_is_refused() -> None:
    with pytest.raises(HoldsEverything):
        Held()


# What the database itself refuses


@pytest.mark.parametrize("table", [check_log, log_opening])
def test_a_row_that_no_erasure_names_cannot_be_deleted(tree: Tree, table: object) -> None:
    erase(tree, 3)
    for statement in (delete(table), update(table).values({"check_id": "x"} if table is check_log else {"salt": b""})):  # type: ignore[arg-type]
        with pytest.raises(DatabaseError, match="append-only"), writing(tree.central) as connection:
            connection.execute(statement)
    assert faults(tree) == []


def test_what_is_entered_as_erased_stays_entered(tree: Tree) -> None:
    erase(tree, 3)
    with pytest.raises(DatabaseError, match="append-only"), writing(tree.central) as connection:
        connection.execute(delete(log_erased))


def test_a_month_itself_refuses_too(tree: Tree) -> None:
    if not on_postgresql(tree.central):
        pytest.skip("partitions are PostgreSQL's")
    with tree.central.connect() as connection:
        query = text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'check_log'::regclass")
        months = connection.execute(query).scalars().all()
    assert months
    for month in months:
        with tree.central.connect() as connection:
            filled = connection.execute(text(f"SELECT count(*) FROM {month}")).scalar()
        for verb in ("DELETE FROM" if filled else "", "TRUNCATE"):
            if verb:
                with pytest.raises(DatabaseError, match="append-only"), writing(tree.central) as connection:
                    connection.execute(text(f"{verb} {month}"))


def test_months_made_before_there_was_erasure_open_the_same_door(postgresql_url: str, tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", "clearway.querylog:migrations")
    older = attach(postgresql_url)
    with writing(older) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        connection.execute(text("SELECT check_log_make_month('2025-03-01')"))
    older.dispose()
    central = open_central(postgresql_url)
    tree = Tree(central, tmp_path / "journal", TileFolder(tmp_path / "tlog"))
    tree.grow(4)
    with pytest.raises(DatabaseError, match="append-only"), writing(central) as connection:
        connection.execute(text("DELETE FROM check_log_202503"))
    erase(tree, 2)
    assert faults(tree) == []
    central.dispose()


# What an audit says


def test_a_row_gone_without_its_erasure_is_missing(tree: Tree) -> None:
    erase(tree, 3)
    run(tree, "DELETE FROM check_log WHERE check_id = :id", id=a_check_id(6))
    assert faults(tree) == [(Fault.ROW_MISSING, 5, a_check_id(6))]


def test_a_row_entered_as_erased_without_an_erasure_is_missing(tree: Tree) -> None:
    with writing(tree.central) as connection:
        row = {"leaf_index": 5, "check_id": a_check_id(6), "erasure_index": 10}
        connection.execute(insert(log_erased), row)
        connection.execute(delete(check_log).where(check_log.c.check_id == a_check_id(6)))
    assert faults(tree) == [(Fault.ROW_MISSING, 5, a_check_id(6))]


def test_an_erasure_altered_to_name_another_row_is_found(tree: Tree) -> None:
    erase(tree, 3)
    tree.grow(1)
    altered = erasure_of(tree.central, a_check_id(3))
    assert altered is not None
    entry = altered.raw.replace(b"[[2,1]]", b"[[3,1]]")
    run(tree, "UPDATE log_leaf SET entry = :entry WHERE seq IS NULL", entry=entry)
    found = faults(tree)
    assert found[0] == (Fault.ROW_MISSING, 2, a_check_id(3))
    assert (Fault.LEAF_CHANGED, 10, "erasure-3") in found


def test_an_erasure_that_is_none_is_found(tree: Tree) -> None:
    erase(tree, 3)
    run(tree, "UPDATE log_leaf SET entry = :entry WHERE seq IS NULL", entry=b"nothing")
    assert (Fault.ERASURE_FALSE, 10, "erasure-3") in faults(tree)


def test_a_row_that_came_back_is_found(tree: Tree) -> None:
    with tree.central.connect() as connection:
        row = connection.execute(select(check_log).where(check_log.c.check_id == a_check_id(3))).one()._asdict()
        salt = connection.execute(select(log_opening).where(log_opening.c.leaf_index == 2)).one()._asdict()
    erase(tree, 3)
    with as_owner(tree.central) as connection:
        connection.execute(insert(log_opening), salt)
    assert faults(tree) == [(Fault.SALT_RETAINED, 2, a_check_id(3))]
    with as_owner(tree.central) as connection:
        connection.execute(insert(check_log), row)
    assert faults(tree) == [(Fault.ROW_RETURNED, 2, a_check_id(3))]


def test_outsiders_see_the_erasure_in_the_published_files(tree: Tree) -> None:
    erase(tree, 3)
    tree.grow(1)
    report = audit_files(tree.kept[-1], tree.folder.read, KEY, tree.kept)
    assert report.findings == []
    assert {leaf: erasure.because for leaf, erasure in report.erased.items()} == {2: "order 2026-17"}


# Laws


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.sets(st.integers(1, 39), min_size=1))
def test_no_set_of_erasures_changes_what_was_proven(
    tmp_path_factory: pytest.TempPathFactory, numbers: set[int]
) -> None:
    place_ = tmp_path_factory.mktemp("log")
    central = open_central(place_ / "log.db")
    try:
        tree = Tree(central, place_ / "journal", TileFolder(place_ / "tlog"))
        tree.grow(17)
        tree.grow(23)
        proving = tree.proving()
        before = [proving.inclusion(a_check_id(number), 40) for number in range(1, 41)]
        roots = [proving.signed(size) for size in (17, 40)]
        agreed = proving.consistency(17, 40)
        erase(tree, *sorted(numbers))
        tree.grow(2)
        assert [proving.inclusion(a_check_id(number), 40) for number in range(1, 41)] == before
        assert [proving.signed(size).checkpoint for size in (17, 40)] == [one.checkpoint for one in roots]
        assert proving.consistency(17, 40)[1] == agreed[1]
        for number, (proof, entry) in enumerate(before):
            verify_inclusion(leaf_hash(entry), number, 40, proof.hashes, roots[1].checkpoint.root)
        report = audit_database(central, KEY, tree.folder, tree.kept)
        assert report.findings == []
        assert {leaf + 1 for leaf in report.erased} == numbers
    finally:
        central.dispose()


# Gone from the files


MARKER = "PLANTED-4711"
"""Stands where a person's words may stand: in columns, in the record, in the request."""


def plant(tree: Tree) -> None:
    """Record the marker wherever a row has texts, with a long request, so that it is kept out of line too."""
    fields = {"case_number": MARKER, "officer": MARKER, "subject": MARKER, "request_id": MARKER, "listings": (MARKER,)}
    long = MARKER.encode() * 2000
    record = a_record(tree.last + 1, request=long, response=MARKER.encode(), **fields)
    journal = Journal(tree.journals, "planted")
    journal.append([encode_record(record)])
    journal.close()
    with Shipper(tree.central, tree.journals, keep=0.0) as shipper:
        until(lambda: shipper.step() and not list(tree.journals.glob("planted*")))
    tree.last += 1
    tree.grow(9)


def test_what_was_erased_is_in_no_file_any_more(journals: Path, tmp_path: Path) -> None:
    central = open_central(tmp_path / "log.db")
    tree = Tree(central, journals, TileFolder(tmp_path / "tlog"))
    plant(tree)
    assert found_in(tmp_path, MARKER)
    erase(tree, 1)
    assert clean_up(central, LATER)
    tree.grow(2)
    assert found_in(tmp_path, MARKER) == []
    assert found_in(tmp_path, "CASE-8")
    central.dispose()


def test_before_it_is_cleaned_up_the_freed_pages_are_written_over(journals: Path, tmp_path: Path) -> None:
    central = open_central(tmp_path / "log.db")
    tree = Tree(central, journals, TileFolder(tmp_path / "tlog"))
    plant(tree)
    assert found_in(tmp_path, MARKER * 20)
    erase(tree, 1)
    with central.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    # The record is; what an index has moved about in its pages goes with the rewriting.
    assert found_in(tmp_path, MARKER * 20) == []
    central.dispose()


def test_what_was_erased_is_in_no_file_of_postgresql_but_its_own_log_of_writes(
    own_server: Server, journals: Path, tmp_path: Path
) -> None:
    with own_server.database("template0") as url:
        central = open_central(url)
        tree = Tree(central, journals, TileFolder(tmp_path / "tlog"))
        plant(tree)
        own_server.execute("CHECKPOINT")
        assert found_in(own_server.data / "base", MARKER)
        erase(tree, 1)
        assert clean_up(central, LATER)
        own_server.execute("CHECKPOINT")
        assert found_in(own_server.data, MARKER, but=own_server.data / "pg_wal") == []
        assert found_in(tmp_path, MARKER) == []
        assert faults(tree) == []
        central.dispose()


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server whose files nobody else writes, and that rewrites nothing by itself."""
    try:
        server = Server.make(autovacuum="off")
    except NoServer as missing:
        if must_be_there():
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    yield server
    server.remove()


def test_what_is_not_cleaned_up_is_known_and_what_is_stays_so(tree: Tree) -> None:
    erase(tree, 3, 4)
    with tree.central.connect() as connection:
        left = uncleaned(connection)
    assert (left.erasures, left.months) == (frozenset({10, 11}), frozenset({"202503"}))
    assert clean_up(tree.central, LATER)
    assert clean_up(tree.central, LATER), "nothing is left to do"
    with tree.central.connect() as connection:
        assert uncleaned(connection).erasures == frozenset()
    erase(tree, 5)
    with tree.central.connect() as connection:
        assert uncleaned(connection).erasures == frozenset({12})
    with pytest.raises(DatabaseError, match="append-only"), writing(tree.central) as connection:
        connection.execute(delete(log_cleaned))


def test_a_reader_of_a_month_keeps_it_from_being_rewritten(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    if not on_postgresql(tree.central):
        pytest.skip("on SQLite a reader is in the way of the file's end alone")
    monkeypatch.setattr("clearway.querylog.retention.cleaning.LOCK_SECONDS", 1)
    erase(tree, 3)
    with tree.central.connect() as reader:
        reader.execute(select(func.count()).select_from(check_log))
        assert not clean_up(tree.central, LATER)
    assert clean_up(tree.central, LATER)
    assert faults(tree) == []


def test_a_reader_in_the_way_of_cleaning_up_is_told(journals: Path, tmp_path: Path) -> None:
    central = open_central(tmp_path / "log.db")
    tree = Tree(central, journals, TileFolder(tmp_path / "tlog"))
    tree.grow(10)
    reader = central.connect()
    reader.execute(select(func.count()).select_from(check_log))
    erase(tree, 3)
    with central.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=100")
    assert not clean_up(central, LATER)
    reader.close()
    assert clean_up(central, LATER)
    central.dispose()


def found_in(folder: Path, planted: str, but: Path | None = None) -> list[Path]:
    files = [file for file in folder.rglob("*") if file.is_file() and (but is None or but not in file.parents)]
    return [file for file in files if planted.encode() in file.read_bytes()]
