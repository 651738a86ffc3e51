"""The key that signs the log: made once, given by settings or file, renewed; never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from clearway.server.keys import KeyUnreadable, load_signer, load_witnesses, log_key_file, renew_signer
from clearway.server.settings import Settings
from clearway.transparency.notes import Algorithm, Signer, Verifier

GIVEN = Signer("example.org/log", bytes(range(32)))
WITNESS = Verifier("witness.example", Algorithm.COSIGNATURE_V1, GIVEN.verifier.public)


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    made = load_signer(settings)
    assert load_signer(settings) == made
    assert made.name.startswith("clearway.local/")
    assert log_key_file(settings).stat().st_mode & 0o777 == 0o600


def test_the_log_is_named_where_its_key_is_made(tmp_path: Path) -> None:
    assert load_signer(Settings(data_dir=tmp_path, log_origin="example.gov/log")).name == "example.gov/log"


def test_a_key_from_the_settings_makes_no_file(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, log_key=GIVEN.secret)
    assert load_signer(settings) == renew_signer(settings, "")[0] == GIVEN
    assert not log_key_file(settings).exists()


def test_a_key_is_not_printed(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, log_key=GIVEN.secret)
    secret = GIVEN.secret.rpartition("+")[2]
    assert secret not in repr(settings) + str(settings.redacted())


def test_a_key_that_is_none_is_refused_without_being_repeated(tmp_path: Path) -> None:
    wrong = GIVEN.secret[:-6] + "AAAAA="
    with pytest.raises(ValidationError) as refused:
        Settings(data_dir=tmp_path, log_key=wrong)
    assert all(wrong not in error["msg"] for error in refused.value.errors(include_input=False))


def test_a_file_that_holds_no_key_is_named(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    log_key_file(settings).parent.mkdir()
    log_key_file(settings).write_text("nothing")
    with pytest.raises(KeyUnreadable, match=r"log\.key"):
        load_signer(settings)


@pytest.mark.parametrize("origin", ["two words", "one+two"])
def test_a_name_that_no_log_can_have_is_refused(tmp_path: Path, origin: str) -> None:
    with pytest.raises(ValidationError):
        Settings(data_dir=tmp_path, log_origin=origin)


def test_a_renewed_key_keeps_the_name_and_the_old_file(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    old = load_signer(settings)
    new, before = renew_signer(settings, "")
    assert (new.name, before, load_signer(settings)) == (old.name, old, new)
    assert new != old
    aside = log_key_file(settings).with_name(f"log.key.{old.verifier.key_id.hex()}")
    assert aside.read_text().strip() == old.secret
    assert renew_signer(settings, "example.gov/log")[0].name == "example.gov/log"


def test_witnesses_are_read_a_line_each(tmp_path: Path) -> None:
    file = tmp_path / "witnesses"
    file.write_text(f"# who watches\n\n{WITNESS.vkey}\n")
    assert load_witnesses(Settings(data_dir=tmp_path, log_witnesses=file)) == (WITNESS,)
    assert load_witnesses(Settings(data_dir=tmp_path)) == ()
    file.write_text("nobody\n")
    with pytest.raises(KeyUnreadable):
        load_witnesses(Settings(data_dir=tmp_path, log_witnesses=file))
