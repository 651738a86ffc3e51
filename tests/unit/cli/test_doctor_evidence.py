"""`clearway doctor` on what proves the log: verified, signed, published; and who did something to it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from clearway.cli.doctor.evidence import VERIFIED_WITHIN
from clearway.cli.exits import Exit
from clearway.querylog.central import writing
from clearway.querylog.journal import Journal
from clearway.querylog.record import encode_record
from clearway.querylog.shipper import Shipper
from clearway.querylog.transparency.folders import TileFolder
from clearway.querylog.transparency.notary import Notary
from clearway.querylog.transparency.verification import FullVerification, keep_verification
from clearway.server.databases import let_go, open_log
from clearway.server.keys import load_signer, log_key_file
from clearway.server.settings import Settings
from clearway.transparency.notes import Signer
from tests.unit.cli.doctoring import NOW, a_well_node, examined, the_wrong, those_wrong
from tests.unit.cli.running import run
from tests.unit.querylog.records import a_record

OTHER = Signer("example.org/other", bytes(32))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A well node whose log has three rows, signed a moment ago and published."""
    settings = Settings(data_dir=a_well_node(tmp_path, monkeypatch))
    ship(settings, 1, 3)
    sign(settings, NOW)
    return settings


def ship(settings: Settings, first: int, last: int) -> None:
    journal = Journal(settings.journals, f"w{first}")
    journal.append([encode_record(a_record(number)) for number in range(first, last + 1)])
    with let_go(open_log(settings)) as central, Shipper(central, settings.journals, keep=0) as shipper:
        shipper.step()
    journal.close()


def sign(settings: Settings, moment: datetime, signer: Signer | None = None) -> None:
    with let_go(open_log(settings)) as central:
        own = signer or load_signer(settings)
        Notary(central, TileFolder(settings.tree_dir), own, clock=moment.timestamp).step()


def verified(settings: Settings, moment: datetime, leaves: int = 3, findings: int = 0) -> None:
    keep_verification(
        settings.verification_file,
        FullVerification(finished_at=moment, sound=not findings, leaves=leaves, rows=leaves, findings=findings),
    )


def as_owner(settings: Settings, table: str, statement: str) -> None:
    """Do to a table what the owner of the machine can."""
    with let_go(open_log(settings)) as central, writing(central) as connection:
        for change in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER {table}_no_{change}"))
        connection.execute(text(statement))


def states(settings: Settings) -> list[str]:
    return [each["state"] for each in examined(settings.data_dir)[1]["proof"]]


def test_a_log_that_is_signed_published_and_verified(settings: Settings) -> None:
    verified(settings, datetime.now(UTC) - timedelta(hours=5))
    code, found = examined(settings.data_dir)
    assert (code, {each["state"] for each in found["proof"]}) == (Exit.DONE, {"sound"})
    says = [each["says"] for each in found["proof"]]
    assert says[0].endswith("UTC, 5 h ago: 3 rows, and sound")
    assert says[1] == "3 leaves are signed, 3 published"


def test_a_tampered_log_is_not_called_sound(settings: Settings) -> None:
    as_owner(settings, "check_log", "UPDATE check_log SET officer = 'another' WHERE seq = 2")
    assert run("log", "verify", "--data-dir", settings.data_dir).exit_code == Exit.FAILED
    (finding,) = those_wrong(settings.data_dir, "proof")
    assert "1 fault was found when all of it was verified" in finding["says"]
    for what in ("keep", "clearway log verify", "docs/audit.md, “Proof against the operator”"):
        assert what in finding["remedy"]


def test_what_was_found_still_holds_when_the_log_cannot_be_read(settings: Settings) -> None:
    verified(settings, NOW, findings=2)
    for file in settings.data_dir.glob("log.db*"):
        file.unlink()
    assert "2 faults were found" in the_wrong(settings.data_dir, "proof")
    settings.log_file.write_bytes(b"no database" * 1000)
    assert "2 faults were found" in the_wrong(settings.data_dir, "proof")


def test_a_log_that_has_lost_leaves_since_it_was_verified(settings: Settings) -> None:
    verified(settings, NOW, leaves=5)
    assert "has 3 leaves, and had 5 when all of it was verified" in the_wrong(settings.data_dir, "proof")


def test_a_verification_that_is_long_ago_and_one_that_cannot_be_read(settings: Settings) -> None:
    verified(settings, NOW - VERIFIED_WITHIN + timedelta(hours=1))
    assert set(states(settings)) == {"sound"}
    verified(settings, NOW - VERIFIED_WITHIN - timedelta(hours=1))
    code, found = examined(settings.data_dir)
    assert (code, [each["state"] for each in found["proof"]]) == (Exit.DONE, ["attention", "sound"])
    assert "clearway log verify" in found["proof"][0]["remedy"]
    settings.verification_file.write_text("{")
    assert states(settings) == ["attention", "sound"]


@pytest.mark.parametrize(("age", "state"), [(timedelta(hours=-1), "sound"), (timedelta(hours=1), "attention")])
def test_a_log_that_was_never_verified_is_told_once_it_is_old_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age: timedelta, state: str
) -> None:
    settings = Settings(data_dir=a_well_node(tmp_path, monkeypatch))
    ship(settings, 1, 1)
    sign(settings, NOW - VERIFIED_WITHIN - age)
    ship(settings, 2, 3)
    sign(settings, NOW)
    assert states(settings)[0] == state


@pytest.mark.parametrize("gone", ["tlog", "tlog/checkpoint"])
def test_published_files_that_are_gone(settings: Settings, gone: str) -> None:
    path = settings.data_dir / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    (finding,) = those_wrong(settings.data_dir, "proof")
    assert f"{settings.tree_dir} is missing" in finding["says"]
    assert "clearway log verify" in finding["remedy"]


def test_a_key_that_is_gone_is_not_made_anew(settings: Settings) -> None:
    key = log_key_file(settings)
    secret = key.read_text()
    key.unlink()
    (finding,) = those_wrong(settings.data_dir, "proof")
    assert f"{key} is missing" in finding["says"]
    assert "clearway log rotate" in finding["remedy"]
    assert not key.exists()
    code, _ = examined(settings.data_dir, CLEARWAY_LOG_KEY=secret.strip())
    assert code == Exit.DONE, "it stands in the settings"


def test_a_key_that_is_none_is_anothers_or_can_be_read_by_others(settings: Settings) -> None:
    key = log_key_file(settings)
    key.chmod(0o640)
    assert f"{key} can be read by others" in the_wrong(settings.data_dir, "proof")
    key.write_text(OTHER.secret)
    key.chmod(0o600)
    told = the_wrong(settings.data_dir, "proof")
    assert "signed by another key than this node's" in told
    assert OTHER.secret not in told
    key.write_text("not a key")
    assert "does not hold the log's signing key" in the_wrong(settings.data_dir, "proof")


def test_rows_that_nobody_signs(settings: Settings) -> None:
    ship(settings, 4, 5)
    assert "signed by nobody" in the_wrong(settings.data_dir, "proof")
    sign(settings, NOW)
    assert states(settings) == ["sound"]


def test_a_published_tree_that_the_log_did_not_sign(settings: Settings) -> None:
    ship(settings, 4, 5)
    sign(settings, NOW)
    as_owner(settings, "log_checkpoint", "DELETE FROM log_checkpoint WHERE tree_size = 5")
    assert "a tree of 5 leaves is published that the log did not sign" in the_wrong(settings.data_dir, "proof")


def test_a_published_checkpoint_that_is_none(settings: Settings) -> None:
    (settings.tree_dir / "checkpoint").write_text("nothing")
    assert f"{settings.tree_dir / 'checkpoint'} is none" in the_wrong(settings.data_dir, "proof")


def test_a_record_that_is_not_one_any_more(settings: Settings) -> None:
    as_owner(settings, "check_log", "UPDATE check_log SET record = x'00' WHERE seq = 3")
    _, found = examined(settings.data_dir)
    assert found["clock"][-1]["state"] == "attention"
    assert not [each for part in found.values() for each in part if "report it" in each["remedy"]]


def test_verifying_a_damaged_log_says_so_and_who_says_more(settings: Settings) -> None:
    with let_go(open_log(settings)):
        pass
    for beside in settings.data_dir.glob("log.db-*"):
        beside.unlink()
    settings.log_file.write_bytes(b"no database" * 1000)
    result = run("log", "verify", "--data-dir", settings.data_dir)
    assert result.exit_code == Exit.FAILED
    assert "the log's database cannot be read" in result.stderr
    assert "clearway doctor" in result.stderr
    assert not settings.verification_file.exists(), "nothing came of it"
