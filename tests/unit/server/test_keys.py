"""The ring of subject keys: from the settings, from its file, and another one made."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from clearway.server.keys import KEY_FILE, KeyUnreadable, load_keys, renew_subject_key
from clearway.server.settings import Settings
from clearway.subjects.keys import SubjectKeys

FIRST, SECOND, THIRD = ("01" * 32, "02" * 32, "03" * 32)


def ids(*secrets: str) -> tuple[str, ...]:
    return tuple(SubjectKeys(bytes.fromhex(secret)).fingerprint for secret in secrets)


def written(folder: Path, text: str) -> Path:
    file = folder / KEY_FILE
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return file


def test_the_first_key_is_made_and_kept(tmp_path: Path) -> None:
    made = load_keys(Settings(data_dir=tmp_path))
    assert load_keys(Settings(data_dir=tmp_path)).ids == made.ids
    assert len(made.ids) == 1


def test_a_file_holds_one_key_a_line_the_current_one_first(tmp_path: Path) -> None:
    written(tmp_path, f"# since May\n{SECOND}\n\n# until May\n{FIRST}\n")
    assert load_keys(Settings(data_dir=tmp_path)).ids == ids(SECOND, FIRST)


def test_former_keys_of_the_settings_come_behind_the_file_s(tmp_path: Path) -> None:
    written(tmp_path, f"{THIRD}\n{SECOND}\n")
    settings = Settings(data_dir=tmp_path, former_subject_keys=f"{FIRST}, {SECOND}")
    assert load_keys(settings).ids == ids(THIRD, SECOND, FIRST)


def test_a_key_of_the_settings_stands_for_the_file(tmp_path: Path) -> None:
    written(tmp_path, SECOND)
    assert load_keys(Settings(data_dir=tmp_path, subject_key=FIRST)).ids == ids(FIRST)
    given = Settings(data_dir=tmp_path, subject_key=SECOND, former_subject_keys=f"{FIRST},{SECOND}")
    assert load_keys(given).ids == ids(SECOND, FIRST)


@pytest.mark.parametrize("text", ["", "# none\n", "not a key", f"{FIRST}\n0102\n", FIRST[:-2]])
def test_a_file_without_keys_is_named_and_not_shown(tmp_path: Path, text: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(KeyUnreadable) as refused:
        load_keys(Settings(data_dir=tmp_path))
    assert str(file) in str(refused.value)
    assert FIRST[:8] not in str(refused.value)


def test_another_key_is_made_in_front_of_those_there_were(tmp_path: Path) -> None:
    file, settings = written(tmp_path, f"{SECOND}\n{FIRST}\n"), Settings(data_dir=tmp_path)
    renewed = renew_subject_key(settings)
    assert renewed.ids[1:] == ids(SECOND, FIRST)
    assert renewed.fingerprint not in ids(SECOND, FIRST)
    assert load_keys(settings).ids == renewed.ids
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_key_of_the_settings_is_renewed_there(tmp_path: Path) -> None:
    with pytest.raises(KeyUnreadable, match="in the settings"):
        renew_subject_key(Settings(data_dir=tmp_path, subject_key=FIRST))
    assert not (tmp_path / KEY_FILE).exists()
