"""`clearway access`: complaints by line, rights explained, tokens that are shown once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clearway.access.methods import METHODS, short
from clearway.access.tokens import hash_of
from clearway.cli.main import cli
from tests.parties import access_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "access.yaml"
    path.write_text(access_file(), "utf-8")
    return path


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["access", *map(str, arguments)], catch_exceptions=False)


def test_a_sound_file_is_shown_with_whom_it_lets_call(file: Path) -> None:
    done = ran("check", file)
    assert done.exit_code == 0
    assert "registrar-of-tax" in done.output


def test_a_mistake_is_named_with_its_line(file: Path) -> None:
    file.write_text(file.read_text().replace("FOOD-OPERATION", "FOOD"))
    done = ran("check", file, "--json")
    assert done.exit_code == 1
    (complaint,) = json.loads(done.stdout)["complaints"]
    line = file.read_text().splitlines()[complaint["line"] - 1]
    assert (complaint["rule"], line.strip()) == ("item-known", "- FOOD")


@pytest.mark.parametrize(
    ("principal", "arguments", "found"),
    [
        ("checker", ["CheckSubject"], {"allowed": True, "grant": 0, "role": "checker"}),
        ("checker", ["Delist"], {"allowed": False, "lack": "role", "needed": ["registrar"]}),
        ("checker-of-food", ["CheckSubject", "--item", "TRAVEL-AGENCY"], {"allowed": False, "lack": "item"}),
        ("checker-of-food", ["WatchCases"], {"allowed": False, "lack": "item"}),
        ("checker-of-beijing", ["CheckSubject", "--region", "310000"], {"allowed": False, "lack": "region"}),
        ("checker", ["CheckSubject", "--authority", "SAMR"], {"allowed": False, "lack": "authority"}),
        ("checker-for-one", ["CheckSubject", "--officer", "officer 8"], {"allowed": False, "lack": "officer"}),
        ("registrar", ["EnterListing", "--regime", "TAX-MAJOR"], {"allowed": False, "lack": "regime"}),
        ("registrar", ["RecordAdverse", "--adverse-record"], {"allowed": False, "lack": "adverse_records"}),
        ("registrar-of-tax", ["EnterListing", "--regime", "TAX-MAJOR"], {"allowed": True, "role": "registrar"}),
        ("operator", ["Health/Check"], {"allowed": True, "open_to": "everybody"}),
    ],
)
def test_a_right_is_explained(file: Path, principal: str, arguments: list[str], found: dict[str, object]) -> None:
    done = ran("explain", principal, *arguments, "--file", file, "--json")
    document = json.loads(done.stdout)
    assert {name: document[name] for name in found} == found
    assert done.exit_code == (0 if found["allowed"] else 1)
    said = ran("explain", principal, *arguments, "--file", file).output
    assert ("allowed" if found["allowed"] else "denied") in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("stranger", "CheckSubject"), "no principal stranger"),
        (("checker", "ListSubjects"), "no method is called ListSubjects"),
    ],
)
def test_what_cannot_be_explained_is_an_invalid_command(file: Path, arguments: tuple[str, str], said: str) -> None:
    done = ran("explain", *arguments, "--file", file)
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())


def test_a_token_is_on_standard_output_alone_and_its_hash_beside_it() -> None:
    done = ran("token", "food-licensing", "--expires-on", "2027-06-30")
    made = done.stdout.strip()
    assert made.startswith("clearway_token_")
    assert made not in done.stderr
    assert hash_of(made).hex() in done.stderr
    assert "expires_on: 2027-06-30" in done.stderr
    assert ran("token", "food-licensing").stdout != done.stdout


def test_the_matrix_has_every_method() -> None:
    assert set(json.loads(ran("matrix", "--json").stdout)) == {short(method) for method in METHODS}


def test_the_schema_is_printed() -> None:
    assert json.loads(ran("schema").stdout)["title"] == "Clearway access file"
