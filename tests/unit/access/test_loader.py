"""An access file is held to every rule, and each complaint names its line."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearway.access.grants import Grant, Reach
from clearway.access.limits import Limits
from clearway.access.loader import RULES, AccessRejected, check_content, grant_of, load_access
from clearway.access.methods import Role
from clearway.access.model import GrantEntry
from clearway.access.principals import CertificateNames
from clearway.access.schema import schema_text
from clearway.access.tokens import TOKEN_BYTES, hash_of, token_of
from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.loader import load_catalogue

SCHEMA = Path(__file__).parents[3] / "src/clearway/access/schema/access.schema.json"
TOKEN = hash_of(token_of(bytes(TOKEN_BYTES))).hex()

FILE = f"""\
limits: {{burst: 200}}
issuers:
  - issuer: https://id.example
    audience: clearway
    algorithms: [ES256]
    keys_file: keys.json
principals:
  - name: food-licensing
    authority: DEMO-LICENSING
    certificates:
      - uri: spiffe://id.example/licensing
      - dns: Licensing.Example
    tokens:
      - {{sha256: {TOKEN}, expires_on: 2027-01-31}}
    claims:
      - {{issuer: https://id.example, subject: licensing}}
    grants:
      - {{role: checker, items: [FOOD-OPERATION], regions: ["110000"]}}
      - {{role: officer, officers: [officer 7]}}
    limits: {{cases_per_subject: 3}}
  - name: market-registrar
    authority: MARKET-BJ
    certificates:
      - common_name: registrar
    grants:
      - {{role: registrar, regimes: [SAMR-SERIOUS], regions: ["*"], adverse_records: true}}
"""


@cache
def catalogue() -> Catalogue:
    return load_catalogue("cn-demo")


def complaints(text: str) -> list[tuple[str, str, int]]:
    report = check_content("access.yaml", text.encode(), catalogue())
    assert (report.access is None) == bool(report.complaints)
    return [(complaint.rule, complaint.path, complaint.line) for complaint in report.complaints]


def edited(old: str, new: str) -> str:
    assert FILE.count(old) == 1, old
    return FILE.replace(old, new)


def test_a_file_says_who_may_call_and_what_each_may_do(tmp_path: Path) -> None:
    (tmp_path / "access.yaml").write_text(FILE)
    access = load_access(tmp_path / "access.yaml", catalogue())
    food, market = access.principals.values()
    assert food.grants == (
        Grant(Role.CHECKER, items=frozenset({"FOOD-OPERATION"}), regions=("110000",)),
        Grant(Role.OFFICER, officers=frozenset({"officer 7"})),
    )
    assert market.grants == (Grant(Role.REGISTRAR, regimes=frozenset({"SAMR-SERIOUS"}), adverse_records=True),)
    assert (food.authority, market.authority) == ("DEMO-LICENSING", "MARKET-BJ")
    assert food.limits == Limits(burst=200, cases_per_subject=3)
    assert market.limits == Limits(burst=200)
    assert access.of_certificate(CertificateNames("00", dns=("licensing.example",))) is food
    assert access.of_certificate(CertificateNames("00", common_name="registrar")) is market
    known = access.of_token(bytes.fromhex(TOKEN))
    assert known is not None
    assert (known.principal, known.last_day) == (food, date(2027, 1, 31))
    assert access.of_claim("https://id.example", "licensing") is food
    assert access.issuers["https://id.example"].keys_file == str(tmp_path / "keys.json")


@pytest.mark.parametrize(("role", "reaches"), [(Role.AUDITOR, True), (Role.OPERATOR, False)])
def test_an_auditor_reads_what_was_set_aside_of_adverse_records_too(role: Role, reaches: bool) -> None:
    grant = grant_of(GrantEntry(role=role))
    assert (grant.lack(Reach(adverse_records=True), lambda *_: False) is None) is reaches


OTHER_CLAIM = "- {issuer: https://other.example, # HERE\n       "
SAME_ISSUER = "issuers:\n  - {issuer: https://id.example, audience: a, algorithms: [ES256], keys_file: k}\n"

BROKEN = [
    ("authority: MARKET-BJ", "authority: NOBODY # HERE", "authority-known", "principals[1].authority"),
    ("[FOOD-OPERATION]", "[FOOD] # HERE\n       ", "item-known", "principals[0].grants[0].items[0]"),
    ("[SAMR-SERIOUS]", "[SAMR] # HERE\n       ", "regime-known", "principals[1].grants[0].regimes[0]"),
    ('["110000"]', '["990000"] # HERE\n       ', "region-known", "principals[0].grants[0].regions[0]"),
    ("- {issuer: https://id.example,", OTHER_CLAIM, "issuer-known", "principals[0].claims[0].issuer"),
    ("issuers:\n", SAME_ISSUER, "issuer-once", "issuers[1].issuer"),
    ("name: market-registrar", "name: food-licensing # HERE", "principal-once", "principals[1].name"),
    (
        "- common_name: registrar",
        "- dns: licensing.example # HERE",
        "credential-once",
        "principals[1].certificates[0].dns",
    ),
    ("    certificates:\n      - common_name: registrar\n", "", "credential-needed", "principals[1]"),
]
"""What is changed → the rule that this breaks, and the place."""


@pytest.mark.parametrize(("old", "new", "rule", "path"), BROKEN)
def test_a_rule_that_is_broken_is_named_with_its_place(old: str, new: str, rule: str, path: str) -> None:
    text = edited(old, new)
    (found,) = complaints(text)
    assert found[:2] == (rule, path)
    marked = [number for number, line in enumerate(text.splitlines(), 1) if "# HERE" in line]
    assert not marked or found[2] == marked[0]


def test_every_rule_has_its_case() -> None:
    assert {rule for _, _, rule, _ in BROKEN} == set(RULES)


REGISTRAR = '{role: registrar, regimes: [SAMR-SERIOUS], regions: ["*"], adverse_records: true}'
TWO_NAMES = "- {common_name: registrar, dns: registrar.example}"


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("algorithms: [ES256]", "algorithms: [HS256]", "issuers[0].algorithms[0]"),
        ("algorithms: [ES256]", "algorithms: [none]", "issuers[0].algorithms[0]"),
        ("algorithms: [ES256]", "algorithms: []", "issuers[0].algorithms"),
        ("    keys_file: keys.json", "    keys_url: http://id.example/keys", "issuers[0].keys_url"),
        ("    keys_file: keys.json", "    keys_url: https://u:p@id.example/keys", "issuers[0].keys_url"),
        ("    keys_file: keys.json", "    leeway_seconds: 10", "issuers[0]"),
        ("    keys_file: keys.json", "    keys_file: k\n    leeway_seconds: 3000", "issuers[0].leeway_seconds"),
        ("role: officer, officers: [officer 7]", "role: auditor, officers: [officer 7]", "principals[0].grants[1]"),
        ("role: officer, officers: [officer 7]", "role: superuser", "principals[0].grants[1].role"),
        (REGISTRAR, '{role: registrar, regions: ["*"]}', "principals[1].grants[0]"),
        (REGISTRAR, "{role: registrar, regimes: [SAMR-SERIOUS]}", "principals[1].grants[0]"),
        (f"sha256: {TOKEN}", "sha256: clearway_token_in_clear", "principals[0].tokens[0].sha256"),
        ("name: food-licensing", "name: food licensing", "principals[0].name"),
        ("burst: 200", "burst: 1", "limits.burst"),
        ("burst: 200", "calls_per_second: .nan", "limits.calls_per_second"),
        ("- common_name: registrar", TWO_NAMES, "principals[1].certificates[0]"),
        ("- common_name: registrar", '- common_name: ""', "principals[1].certificates[0].common_name"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(old: str, new: str, path: str) -> None:
    (found,) = complaints(edited(old, new))
    assert found[:2] == ("value", path)


@pytest.mark.parametrize("field", ["audience", "algorithms", "issuer"])
def test_an_issuer_without_what_its_tokens_are_held_to_is_refused(field: str) -> None:
    text = "\n".join(line for line in FILE.splitlines() if not line.strip("- ").startswith(f"{field}:"))
    text = text.replace("    audience", "  - audience", 1) if field == "issuer" else text
    assert ("missing-field", f"issuers[0].{field}") in [found[:2] for found in complaints(text)]


def test_an_unknown_field_is_named() -> None:
    ((rule, path, _),) = complaints(edited("    authority: MARKET-BJ", "    authority: MARKET-BJ\n    password: x"))
    assert (rule, path) == ("unknown-field", "principals[1].password")


def test_a_certificates_digest_may_be_written_as_openssl_prints_it() -> None:
    digest = ":".join(["AB"] * 32)
    report = check_content("a", edited("- common_name: registrar", f'- sha256: "{digest}"').encode(), catalogue())
    assert report.access is not None
    assert report.access.of_certificate(CertificateNames("ab" * 32)) is report.access.principals["market-registrar"]


def test_a_file_that_is_not_there_is_a_complaint(tmp_path: Path) -> None:
    with pytest.raises(AccessRejected) as raised:
        load_access(tmp_path / "none.yaml", catalogue())
    assert [complaint.rule for complaint in raised.value.complaints] == ["source"]


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_bytes_that_are_no_access_file_are_complaints_and_nothing_worse(content: bytes) -> None:
    report = check_content("access.yaml", content, catalogue())
    assert report.access is None
    assert report.complaints


@given(st.integers(0, len(FILE) - 1), st.characters(codec="utf-8"))
def test_one_wrong_sign_gives_a_file_or_complaints(place: int, sign: str) -> None:
    report = check_content("access.yaml", (FILE[:place] + sign + FILE[place + 1 :]).encode(), catalogue())
    assert (report.access is None) == bool(report.complaints)


def test_the_written_schema_is_that_of_the_shapes() -> None:
    assert SCHEMA.read_text("utf-8") == schema_text()
