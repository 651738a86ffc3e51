"""Mapping files: what they may say, and what is said of those that may not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.feeds.adapters import FORMATS, adapter_for, adapter_named
from clearway.registry.feeds.formats import shipped_mapping
from clearway.registry.feeds.mapping import InvalidMapping, Mapping, json_schema, mapping_in, read_mapping
from clearway.registry.feeds.spec import FeedSpec, Limits

CODES = [{"scheme": "cn-uscc", "headers": ["code"], "needed": True}]
NAME = {"headers": ["name"], "needed": True}
ADVERSE = {
    "states": "adverse",
    "codes": CODES,
    "record_kind": {"constant": "penalty"},
    "severity": {"constant": "minor"},
    "document_date": {"headers": ["day"]},
}


def listing(**fields: Any) -> dict[str, Any]:
    return {"states": "listing", "codes": CODES, **fields}


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (listing(scores={"headers": ["score"]}), "scores: Extra inputs are not permitted"),
        (listing(severity={"constant": "minor"}), "listing has no severity"),
        ({**ADVERSE, "regime": {"constant": "X"}}, "adverse has no regime"),
        ({key: value for key, value in ADVERSE.items() if key != "document_date"}, "adverse needs document_date"),
        ({**ADVERSE, "severity": {"constant": "grave"}}, "severity: grave is none of minor, general, serious"),
        ({**ADVERSE, "severity": {"headers": ["s"], "words": {"罚": "bad"}}}, "severity: bad is none of"),
        (listing(name={"headers": ["a"], "constant": "b"}), "name: .*headers or a constant, one of the two"),
        (listing(name={}), "headers or a constant, one of the two"),
        (listing(name={"constant": "a", "needed": True}), "a constant has neither"),
        (listing(without_code="by_name", name=NAME), "kinds or name_words"),
        (listing(codes=[{"scheme": "cn-uscc", "headers": ["code"]}]), "could not be told from a note"),
        (listing(codes=[], name=NAME), "codes: needed"),
        ({**ADVERSE, "full_list": True}, "full_list: adverse rows do not end"),
        (listing(codes=[{"scheme": "cn-none", "headers": ["code"], "needed": True}]), "there is no scheme cn-none"),
        (listing(id_of=["subject", "colour"]), "id_of: colour is neither subject nor a field given here"),
        (listing(id={"headers": ["id"]}, id_of=["subject"]), "there is an id already"),
        (listing(also={"name": {"headers": ["x"]}}), "also: name is a field's name"),
        (listing(date_formats=["%d.%m"]), "date_formats: %d.%m does not say year, month and day"),
        (listing(codes=[{"scheme": "cn-uscc", "headers": []}]), r"codes\[0\].headers"),
        ({"states": "rumour", "codes": CODES}, "states: .*'listing', 'adverse' or 'known'"),
    ],
)
def test_a_mapping_that_does_not_do_is_refused_with_the_field(document: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidMapping, match=complaint) as refused:
        mapping_in("m.yaml", json.dumps(document, ensure_ascii=False).encode())
    assert refused.value.reason is RegistryReason.INVALID_FEED


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"states: [", "m.yaml:1: .syntax."),
        (b"states: known\nstates: known\n", "m.yaml:2: .duplicate-key."),
        (b"a: &a [x]\nb: *a\n", "alias"),
        (b"\xff\xfe\xff", "encoding"),
        (b"- states\n", "m.yaml:1: .value."),
    ],
)
def test_text_that_is_no_plain_yaml_is_refused_with_its_line(text: bytes, complaint: str) -> None:
    with pytest.raises(InvalidMapping, match=complaint):
        mapping_in("m.yaml", text)


def test_a_mapping_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidMapping, match="cannot be read"):
        read_mapping(tmp_path / "none.yaml")


def test_the_schema_of_mapping_files_knows_every_field() -> None:
    schema = json_schema()
    assert set(schema["properties"]) == set(Mapping.model_fields)
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("name", ["trusted-list", "serious-list", "world-bank", "opensanctions-simple", "crosswalk"])
def test_formats_of_ours_are_mappings_that_anyone_could_write(name: str) -> None:
    mapping = shipped_mapping(name)
    assert Mapping.model_validate_json(mapping.model_dump_json()) == mapping


@pytest.mark.parametrize("name", ["X", "a b", "a" * 29, "a:b", "-a", ""])
def test_a_feeds_name_can_stand_in_ids_and_schemes(name: str) -> None:
    with pytest.raises(ValidationError):
        FeedSpec(name=name, format="flat-csv")


@pytest.mark.parametrize("shares", [{"shrink": -0.1}, {"shrink": 1.1}, {"growth": -1}, {"drift": 1}])
def test_limits_are_shares(shares: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Limits.model_validate(shares)


@pytest.mark.parametrize("name", ["trusted-list", "serious-list", "opensanctions-simple", "mapped"])
def test_a_format_that_needs_configuration_says_so(name: str) -> None:
    with pytest.raises(RegistryError, match=r"needs a (?:regime|mapping)") as refused:
        adapter_named(name)
    assert refused.value.reason is RegistryReason.INVALID_FEED


def test_a_format_there_is_not_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RegistryError, match="flat-csv, us-csl") as refused:
        adapter_for(FeedSpec(name="x", format="gazette"))
    assert refused.value.reason is RegistryReason.UNKNOWN_FEED


def test_a_mapping_is_for_the_format_mapped_alone() -> None:
    mapping = Mapping.model_validate({"states": "known", "codes": CODES})
    with pytest.raises(RegistryError, match="a mapping is for the format mapped"):
        adapter_for(FeedSpec(name="x", format="flat-csv", mapping=mapping))
    assert adapter_for(FeedSpec(name="x", format="mapped", mapping=mapping)).name == "x"


@pytest.mark.parametrize("name", ["dual-publicity-licences", "dual-publicity-penalties", "crosswalk"])
def test_only_listings_end_when_they_go_from_a_list(name: str) -> None:
    with pytest.raises(RegistryError, match="does not end when it goes"):
        adapter_for(FeedSpec(name="x", format=name, full_list=True))


@pytest.mark.parametrize("name", FORMATS)
def test_a_feed_decides_over_its_format(name: str) -> None:
    mapping = Mapping.model_validate(listing()) if name == "mapped" else None
    states_listings = name not in ("dual-publicity-licences", "dual-publicity-penalties", "crosswalk")
    for full_list in (True, False) if states_listings else (False,):
        spec = FeedSpec(
            name="mine", format=name, regime="X", mapping=mapping, full_list=full_list, limits=Limits(shrink=0.5)
        )
        adapter = adapter_for(spec)
        assert (adapter.name, adapter.full_list, adapter.limits.shrink) == ("mine", full_list, 0.5)
