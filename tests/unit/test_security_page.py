"""docs/security.md names a test behind what it promises, and shows the access file as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from clearway.access.limits import Limits
from clearway.access.loader import RULES, load_access
from clearway.access.methods import Role
from clearway.access.model import AccessFile, CertificateEntry, GrantEntry, IssuerEntry, PrincipalEntry, TokenEntry
from clearway.catalogue.loader import load_catalogue
from tests.unit.test_safeguards_page import ROOT, names_in

PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
THREATS = PAGE.partition("## What an attacker can and cannot do")[2].partition("\n## ")[0]
SECTIONS = re.split(r"^### ", THREATS, flags=re.MULTILINE)[1:]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)))


def test_every_kind_of_attacker_has_its_part() -> None:
    titles = [section.splitlines()[0] for section in SECTIONS]
    assert titles == ["An outsider", "A checker", "A registrar", "An auditor", "An operator", "A stolen disk"]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.splitlines()[0])
def test_what_is_promised_against_each_names_a_test(section: str) -> None:
    assert re.search(r"^- `tests/[\w/]+\.py::test_\w+`$", section, re.MULTILINE)


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    assert name in names_in(file)


def test_the_access_file_that_is_shown_is_valid(tmp_path: Path) -> None:
    (shown,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "access.yaml").write_text(shown, "utf-8")
    access = load_access(tmp_path / "access.yaml", load_catalogue("cn-demo"))
    assert list(access.principals) == ["food-licensing", "market-registrar", "auditor-wang"]


@pytest.mark.parametrize("model", [AccessFile, PrincipalEntry, CertificateEntry, TokenEntry, GrantEntry, IssuerEntry])
def test_the_page_names_every_field_of_an_access_file(model: type[BaseModel]) -> None:
    assert [name for name in model.model_fields if not re.search(rf"[`\s{{.]{name}[`:[]", PAGE)] == []


@pytest.mark.parametrize("name", [*RULES, *Role])
def test_the_page_names_every_rule_and_role(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_the_page_states_the_limits_as_they_are() -> None:
    found = dict[str, str]()
    (section,) = re.findall(r"^### Limits\n(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
    for names, values in re.findall(r"^\| (`[a-z_`, ]+) \| ([\d, ]+) \|", section, re.MULTILINE):
        found |= dict(zip(re.findall(r"\w+", names), re.findall(r"\d+", values), strict=True))
    defaults = Limits()
    assert found == {name: f"{getattr(defaults, name):g}" for name in Limits.__slots__}
