"""Natural persons across subject keys: found under former ones, entered under the current one, never lost silently."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from clearway.registry.commands import Command, ListSubject, RegisterSubject
from clearway.registry.errors import RegistryError, RegistryReason
from clearway.registry.importer import ImportReport
from clearway.registry.registry import Registry
from clearway.registry.tokens import KeyState
from clearway.subjects.identifiers import parse_identifier
from clearway.subjects.keys import SubjectKeys
from tests.unit.registry.making import CITIZEN, DAY, MOMENT, code, known_row, listing_row, write_csv

FIRST, SECOND, THIRD = (bytes([number]) * 32 for number in (1, 2, 3))
A, B = SubjectKeys(FIRST), SubjectKeys(SECOND)
B_THEN_A = SubjectKeys(SECOND, FIRST)
PERSON = parse_identifier("cn-ric", CITIZEN)
REGISTERED = RegisterSubject("cn-ric", CITIZEN)
LISTED = ListSubject("cn-ric", CITIZEN, "L-9", "COURT-DEFAULTER", "虚构9号", DAY, "虚构法院", DAY, None)


def opened(url: str, keys: SubjectKeys) -> Registry:
    return Registry.open(url, keys, moment=MOMENT)


def act(registry: Registry, *commands: Command) -> int:
    return registry.execute(*commands, actor="registrar", moment=MOMENT)


def imported(registry: Registry, folder: Path, rows: Sequence[dict[str, str]]) -> ImportReport:
    header = list(dict.fromkeys(column for row in rows for column in row))
    file = write_csv(folder / "list.csv", header, rows)
    return registry.import_feed("flat-csv", file, actor="registrar", moment=MOMENT)


def person_row(**cells: str) -> dict[str, str]:
    return listing_row(9, scheme="cn-ric", code=CITIZEN, name="", listing_id="L-9", **cells)


def number_of(registry: Registry) -> int | None:
    found = registry.profile("cn-ric", CITIZEN)
    return None if found is None else found.subject_id


def states(registry: Registry) -> dict[str, KeyState]:
    return {state.key_id: state for state in registry.key_states()}


def kinds(registry: Registry) -> list[str]:
    return [entry.kind for entry in registry.history("cn-ric", CITIZEN)]


def refused(url: str, keys: SubjectKeys) -> RegistryError:
    with pytest.raises(RegistryError) as why:
        opened(url, keys)
    return why.value


def test_under_one_key_nothing_is_said_of_keys(registry_url: str) -> None:
    with opened(registry_url, A) as registry:
        act(registry, REGISTERED)
        act(registry, LISTED)
        assert kinds(registry) == ["known", "listed"]
        (subject,) = registry.changes.everything(registry.head())
        assert subject.numbers == {("cn-ric", A.token(PERSON)): {}}
        (state,) = registry.key_states()
        assert (state.key_id, state.current, state.numbers, state.waiting, state.only_here) == (
            A.fingerprint,
            True,
            1,
            0,
            1,
        )


def test_who_is_recorded_under_a_former_key_is_found(registry_url: str) -> None:
    with opened(registry_url, A) as registry:
        act(registry, REGISTERED)
        known_as = number_of(registry)
    with opened(registry_url, B_THEN_A) as registry:
        assert number_of(registry) == known_as
        former = states(registry)[A.fingerprint]
        assert (former.given, former.current, former.waiting, former.only_here) == (True, False, 1, 1)


def test_an_act_that_names_the_number_enters_it_under_the_current_key(registry_url: str) -> None:
    with opened(registry_url, A) as registry:
        act(registry, REGISTERED)
        known_as = number_of(registry)
    with opened(registry_url, B_THEN_A) as registry:
        revision = act(registry, LISTED)
        assert kinds(registry) == ["known", "rehashed", "listed"]
        (changed,) = registry.changes.changed(revision - 1, revision)
        tokens = {A.fingerprint: A.token(PERSON), B.fingerprint: B.token(PERSON)}
        assert changed.numbers == {("cn-ric", A.token(PERSON)): tokens}
        former = states(registry)[A.fingerprint]
        assert (former.numbers, former.waiting, former.only_here) == (1, 0, 0)
        act(registry, REGISTERED)
        assert kinds(registry).count("rehashed") == 1
    with opened(registry_url, B) as registry:
        assert number_of(registry) == known_as
        assert not states(registry)[A.fingerprint].given


def test_a_list_read_again_moves_its_persons_and_says_that_nothing_changed(registry_url: str, tmp_path: Path) -> None:
    rows = [person_row(), listing_row(1), known_row(2)]
    with opened(registry_url, A) as registry:
        assert imported(registry, tmp_path, rows).added == 3
    with opened(registry_url, B_THEN_A) as registry:
        before = registry.profile("cn-ric", CITIZEN)
        report = imported(registry, tmp_path, rows)
        assert (report.unchanged, report.accepted) == (3, 0)
        assert report.revision is not None
        assert [s.profile for s in registry.changes.changed(report.revision - 1, report.revision)] == [before]
        assert states(registry)[A.fingerprint].waiting == 0
        again = imported(registry, tmp_path, rows)
        assert again.revision is not None
        assert registry.changes.count_changed(again.revision - 1, again.revision) == 0
    with opened(registry_url, B) as registry:
        assert registry.profile("cn-ric", CITIZEN) == before
        assert imported(registry, tmp_path, rows).unchanged == 3


def test_a_row_that_changes_its_person_s_listing_moves_the_person_too(registry_url: str, tmp_path: Path) -> None:
    with opened(registry_url, A) as registry:
        imported(registry, tmp_path, [person_row()])
    with opened(registry_url, B_THEN_A) as registry:
        assert imported(registry, tmp_path, [person_row(expires_on="2030-01-31")]).changed == 1
        assert kinds(registry) == ["listed", "corrected", "rehashed"]


def test_two_rows_of_one_person_enter_the_number_once(registry_url: str, tmp_path: Path) -> None:
    with opened(registry_url, A):
        pass
    with opened(registry_url, B_THEN_A) as registry:
        rows = [person_row(), {**person_row(), "listing_id": "L-10"}]
        assert imported(registry, tmp_path, rows).added == 2
        assert sorted(kinds(registry)) == ["listed", "listed", "rehashed"]


def test_a_dry_run_moves_nobody(registry_url: str, tmp_path: Path) -> None:
    with opened(registry_url, A) as registry:
        imported(registry, tmp_path, [person_row()])
    with opened(registry_url, B_THEN_A) as registry:
        registry.import_feed("flat-csv", tmp_path / "list.csv", actor="registrar", moment=MOMENT, dry_run=True)
        assert states(registry)[A.fingerprint].waiting == 1


def test_who_is_first_recorded_while_nodes_differ_is_found_by_each(registry_url: str, tmp_path: Path) -> None:
    with opened(registry_url, A) as late, opened(registry_url, B_THEN_A) as early:
        imported(early, tmp_path, [person_row()])
        assert number_of(late) == number_of(early)
        assert imported(late, tmp_path, [person_row()]).unchanged == 1
        assert imported(early, tmp_path, [person_row()]).unchanged == 1
        with opened(registry_url, B) as done:
            assert number_of(done) == number_of(early)


def test_a_key_that_is_taken_away_too_early_is_told_by_its_id(registry_url: str) -> None:
    with opened(registry_url, A) as registry:
        act(registry, REGISTERED)
    opened(registry_url, B_THEN_A).close()
    why = refused(registry_url, B)
    assert why.reason is RegistryReason.KEY_MISSING
    assert f"{A.fingerprint} (1)" in why.detail
    with opened(registry_url, B_THEN_A) as registry:
        act(registry, REGISTERED)
    opened(registry_url, B).close()


def test_a_key_that_was_never_used_here_alone_is_another_installation_s(registry_url: str) -> None:
    opened(registry_url, A).close()
    assert refused(registry_url, B).reason is RegistryReason.OTHER_KEY
    assert refused(registry_url, SubjectKeys(THIRD, SECOND)).reason is RegistryReason.OTHER_KEY


def test_a_node_without_a_key_that_others_use_alone_reads_and_writes_nobody(registry_url: str) -> None:
    with opened(registry_url, A) as forgotten:
        opened(registry_url, B_THEN_A).close()
        with opened(registry_url, B) as registry:
            act(registry, REGISTERED)
        for attempt in (
            lambda: list(forgotten.changes.changed(0, 1)),
            lambda: list(forgotten.changes.everything(1)),
            lambda: forgotten.profile("cn-ric", CITIZEN),
            lambda: act(forgotten, REGISTERED),
            forgotten.require_key,
        ):
            with pytest.raises(RegistryError) as why:
                attempt()
            assert why.value.reason is RegistryReason.KEY_MISSING
        act(forgotten, RegisterSubject("cn-uscc", code(1)))


def test_keys_are_told_in_the_order_in_which_they_came(registry_url: str) -> None:
    opened(registry_url, A).close()
    opened(registry_url, SubjectKeys(THIRD, SECOND, FIRST)).close()
    with opened(registry_url, SubjectKeys(THIRD, FIRST)) as registry:
        found = [(state.key_id, state.given, state.current) for state in registry.key_states()]
    third = SubjectKeys(THIRD).fingerprint
    assert found == [(third, True, True), (B.fingerprint, False, False), (A.fingerprint, True, False)]


def test_three_keys_one_after_another(registry_url: str, tmp_path: Path) -> None:
    for keys in (A, B_THEN_A, SubjectKeys(THIRD, SECOND, FIRST), SubjectKeys(THIRD, SECOND), SubjectKeys(THIRD)):
        with opened(registry_url, keys) as registry:
            imported(registry, tmp_path, [person_row()])
            assert number_of(registry) == 1
            assert states(registry)[keys.fingerprint].only_here in (0, 1)
    with opened(registry_url, A) as registry:
        assert number_of(registry) == 1
