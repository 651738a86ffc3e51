"""`clearway doctor` on databases that are damaged, lost, full, closed or away: what it is, and what to do about it."""

from __future__ import annotations

import os
from pathlib import Path

import pysqlite3
import pytest

from clearway.cli.doctor import pages, stores
from clearway.cli.exits import Exit
from clearway.registry import database
from clearway.server.settings import Settings
from clearway.server.supervisor import ADDRESS_FILE
from tests.unit.cli.doctoring import NOW, a_well_node, examined, follow, record, the_wrong, those_wrong

PAGE = 4096
AWAY = {"CLEARWAY_DATABASE": "postgresql://nobody@/clearway?host=/nowhere", "CLEARWAY_SUBJECT_KEY": "ab" * 32}
"""The settings of a node whose PostgreSQL is not there."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return a_well_node(tmp_path, monkeypatch)


def settle(file: Path) -> None:
    """Fold the write-ahead log into the file, as a stopped node has."""
    connection = pysqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def overwrite(file: Path, first: int, count: int) -> None:
    """Put bytes that are nothing in the place of these pages, the first being number 0."""
    settle(file)
    with file.open("r+b") as opened:
        opened.seek(first * PAGE)
        opened.write(b"\xa5" * PAGE * count)


def pages_of(file: Path) -> int:
    settle(file)
    return file.stat().st_size // PAGE


@pytest.mark.parametrize(("name", "what"), [("registry.db", "the record"), ("log.db", "the central log")])
def test_a_damaged_file_is_called_that_wherever_it_is_read(folder: Path, name: str, what: str) -> None:
    overwrite(folder / name, 1, pages_of(folder / name) - 1)
    (finding,) = those_wrong(folder, "database")
    assert finding["says"].startswith(f"{what} ({name}) is damaged: ")
    assert "docs/operations.md, “Backup”" in finding["remedy"]
    assert "keep the file" in finding["remedy"]
    _, found = examined(folder)
    told = [each for part in found.values() for each in part]
    assert not [each for each in told if "report it" in each["remedy"]]
    part = "feeds" if name == "registry.db" else "log"
    assert [each["remedy"] for each in found[part] if each["state"] == "wrong"] == ["see `database`"]
    assert found["clock"][-1]["state"] == "attention", "there is nothing to hold it against"


@pytest.mark.parametrize("name", ["registry.db", "log.db"])
def test_one_damaged_page_that_nobody_has_read_yet_is_found(folder: Path, name: str) -> None:
    overwrite(folder / name, pages_of(folder / name) - 1, 1)
    assert f"({name}) is damaged" in the_wrong(folder, "database")


def test_a_large_file_is_looked_at_in_part(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = database.open_engine(Settings(data_dir=folder).registry_url)
    monkeypatch.setattr(pages, "STEPS", 1)
    with pytest.raises(pages.NotAll):
        pages.fault_in(engine, patience=-1)
    assert pages.fault_in(engine) == "", "the connection serves again"
    engine.dispose()


@pytest.mark.parametrize(("name", "what"), [("registry.db", "the record"), ("log.db", "the central log")])
@pytest.mark.parametrize("emptied", [True, False])
def test_a_file_that_is_gone_where_a_node_has_run_is_not_one_to_be_made(
    folder: Path, name: str, what: str, emptied: bool
) -> None:
    for beside in folder.glob(f"{name}*"):
        beside.unlink()
    if emptied:
        (folder / name).touch()
    (finding,) = those_wrong(folder, "database")
    assert finding["says"] == f"{what} ({name}) is missing or empty, and a node has run here"
    assert finding["remedy"].startswith("do not start the node")
    assert "docs/operations.md, “Backup”" in finding["remedy"]


def failing(code: int, words: str) -> pysqlite3.OperationalError:
    fault = pysqlite3.OperationalError(words)
    fault.sqlite_errorcode = code
    return fault


@pytest.mark.parametrize(
    ("code", "words", "remedy"),
    [
        (pysqlite3.SQLITE_IOERR | 4874, "disk I/O error", "make room"),
        (pysqlite3.SQLITE_FULL, "database or disk is full", "make room"),
        (pysqlite3.SQLITE_READONLY, "attempt to write a readonly database", "the user that the node runs as"),
        (pysqlite3.SQLITE_CANTOPEN, "unable to open database file", "the user that the node runs as"),
        (pysqlite3.SQLITE_BUSY, "database is locked", "look again"),
    ],
)
def test_a_full_disk_or_a_closed_folder_asks_for_no_backup(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str, remedy: str
) -> None:
    def refuse(connection: object, record: object) -> None:
        raise failing(code, words)

    monkeypatch.setattr(database, "_prepare", refuse)
    (finding,) = those_wrong(folder, "database")
    assert words in finding["says"]
    assert remedy in finding["remedy"]
    assert "backup" not in finding["remedy"].lower()


def test_a_journal_that_cannot_be_read_is_not_passed_over(folder: Path) -> None:
    segment = folder / "journal" / f"worker-1-{'0' * 32}-0001.db"
    segment.parent.mkdir(exist_ok=True)
    segment.write_bytes(b"no database" * 1000)
    (finding,) = those_wrong(folder, "log")
    assert str(segment) in finding["says"]
    assert "evidence" in finding["remedy"]
    _, found = examined(folder)
    assert not any("every recorded check" in each["says"] for each in found["log"])


def test_a_postgresql_that_is_away_is_told_once_and_blames_no_key(folder: Path) -> None:
    (finding,) = those_wrong(folder, "database", **AWAY)
    assert finding["says"] == "the record (PostgreSQL) cannot be reached, or has no room"
    assert "CLEARWAY_DATABASE" in finding["remedy"]
    assert "checks go on from the index" in finding["remedy"]
    assert "docs/operations.md, “When the database fails”" in finding["remedy"]
    _, found = examined(folder, **AWAY)
    told = [each for part in ("clock", "log", "feeds") for each in found[part]]
    assert {each["remedy"] for each in told} == {"see `database`"}
    assert not [each for part in found.values() for each in part if "registry keys" in each["remedy"]]


def test_where_rows_are_committed_centrally_no_check_goes_on_without_postgresql(folder: Path) -> None:
    (finding,) = those_wrong(folder, "database", **AWAY, CLEARWAY_LOG_DURABILITY="central")
    assert "no check is answered until then" in finding["remedy"]
    assert "checks go on" not in finding["remedy"]


def test_an_index_of_another_key_is_not_mended_by_a_start(folder: Path) -> None:
    (finding,) = those_wrong(folder, "index", CLEARWAY_SUBJECT_KEY="ab" * 32)
    assert "see `keys`" in finding["remedy"]


def test_an_index_of_a_stopped_node_is_no_worse_for_being_old(folder: Path) -> None:
    (folder / "index" / "current").unlink()
    settings = Settings(data_dir=folder)
    with record(settings) as registry:
        follow(settings, registry, NOW.replace(year=NOW.year - 1))
    assert "in step with the record" in the_wrong(folder, "index")
    (folder / ADDRESS_FILE).unlink()
    code, found = examined(folder)
    assert code == Exit.DONE
    assert [each["state"] for each in found["index"]] == ["attention"]
    assert "when it is started" in found["index"][0]["remedy"]


def test_a_folder_of_another_user_is_told_as_that(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_text = Path.read_text

    def closed(path: Path, *given: object, **named: object) -> str:
        if path.name == "subject.key":
            raise PermissionError(13, os.strerror(13), str(path))
        return read_text(path, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "read_text", closed)
    (finding,) = those_wrong(folder, "keys")
    assert finding["says"] == f"{folder / 'keys' / 'subject.key'} cannot be read: Permission denied"
    assert "as the user that the node runs as" in finding["remedy"]


def test_tables_in_postgresql_are_made_by_its_owner(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "schema_of_record", lambda _: None)
    monkeypatch.setattr(stores, "schema_of_log", lambda _: None)
    _, found = examined(folder, **AWAY)
    assert [each["state"] for each in found["database"]] == ["attention", "attention"]
    assert all("clearway database prepare" in each["remedy"] for each in found["database"])
