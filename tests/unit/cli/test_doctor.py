"""`clearway doctor`: a node that is well, and each thing that can be wrong with it, told with what to do."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from jwt.algorithms import ECAlgorithm
from sqlalchemy import text

from clearway.cli.doctor import certificates, command
from clearway.cli.doctor import feeds as doctors_feeds
from clearway.cli.exits import Exit
from clearway.cli.health import UNREACHABLE
from clearway.querylog.central import VERSION_TABLE as LOG_VERSION
from clearway.querylog.journal import Journal
from clearway.querylog.record import encode_record
from clearway.querylog.segment import DAMAGED_SUFFIX
from clearway.registry import commands, database
from clearway.registry.feeds.flat_csv import COLUMNS
from clearway.registry.fetching.fetcher import Fetcher
from clearway.registry.migrations import VERSION_TABLE
from clearway.registry.readings import Fetch, FetchOutcome
from clearway.registry.registry import Registry
from clearway.registry.schedule import load_feeds
from clearway.server.databases import open_log
from clearway.server.keys import KEY_FILE, load_keys, renew_subject_key
from clearway.server.settings import Settings
from clearway.server.supervisor import ADDRESS_FILE
from tests.parties import access_file
from tests.unit.cli.doctoring import NOW, a_well_node, examined, follow, record, the_wrong
from tests.unit.cli.running import run
from tests.unit.querylog.records import a_record
from tests.unit.registry.making import CITIZEN, code, write_csv


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return a_well_node(tmp_path, monkeypatch)


def test_a_node_that_is_well(folder: Path) -> None:
    code, found = examined(folder)
    assert code == Exit.DONE
    assert list(found) == list(command.EXAMINATIONS)
    told = [each for part in found.values() for each in part if each["state"] != "sound"]
    assert [each["part"] for each in told] == ["feeds"], "a record without lists deserves attention"
    assert "1 subjects at revision 1" in found["index"][0]["says"]
    shown = run("doctor", "--data-dir", folder).stdout
    assert all(part in shown for part in found)


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    code, found = examined(tmp_path / "nowhere")
    assert (code, list(found), found["node"][0]["state"]) == (Exit.DONE, ["node"], "attention")
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_holds_nothing_yet_lacks_no_key(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    code, found = examined(tmp_path)
    assert (code, list(found), found["node"][0]["state"]) == (Exit.DONE, ["node"], "attention")


def test_nothing_is_changed(folder: Path) -> None:
    def everything() -> dict[str, bytes]:
        files = (
            path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-shm", "-wal", "lock"))
        )
        return {str(path): path.read_bytes() for path in files}

    before = everything()
    examined(folder)
    assert everything() == before


def test_a_node_that_does_not_answer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "status_of", lambda *_: UNREACHABLE)
    assert the_wrong(folder, "node") == "127.0.0.1:1 is UNREACHABLE"


def test_another_folders_node_is_not_taken_for_one_of_this(folder: Path) -> None:
    (folder / ADDRESS_FILE).unlink()
    _, found = examined(folder)
    assert [(each["state"], each["says"]) for each in found["node"]] == [
        ("attention", "no node runs from this folder")
    ], "whoever serves at the default address"


def test_a_node_with_tls_may_be_one_that_does_not_let_this_command_in(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "status_of", lambda *_: UNREACHABLE)
    certificate, key = a_certificate(tmp_path, "service", -DAY, 90 * DAY)
    _, found = examined(folder, **serving_with(folder, certificate, key))
    assert "CLEARWAY_CLIENT_CA" in found["node"][0]["remedy"]


def test_settings_that_name_what_is_not_right(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("edition: 1\n")
    assert "catalogue is rejected" in the_wrong(folder, "settings", CLEARWAY_CATALOGUE=str(broken))
    assert "no authority NOBODY" in the_wrong(folder, "settings", CLEARWAY_AUTHORITY="NOBODY")
    assert "feeds file is rejected" in the_wrong(folder, "settings", CLEARWAY_FEEDS=str(broken))
    assert "webhooks file is rejected" in the_wrong(folder, "settings", CLEARWAY_WEBHOOKS=str(broken))


def test_a_key_that_is_gone_is_not_made_anew(folder: Path) -> None:
    (folder / KEY_FILE).unlink()
    assert "is missing" in the_wrong(folder, "keys")
    assert not (folder / KEY_FILE).exists()


def test_keys_that_are_not_given_and_those_that_are_still_needed(folder: Path) -> None:
    settings = Settings(data_dir=folder)
    with record(settings) as registry:
        registry.execute(commands.RegisterSubject("cn-ric", CITIZEN), actor="test", moment=NOW)
    former = load_keys(settings).fingerprint
    renew_subject_key(settings)
    with record(settings) as registry:
        follow(settings, registry)
    _, found = examined(folder)
    assert former in found["keys"][1]["says"]
    assert any(
        f"1 natural persons are found by the former subject key {former}" in each["says"] for each in found["database"]
    )
    keys_file = folder / KEY_FILE
    both = keys_file.read_text()
    keys_file.write_text(both.splitlines()[0])
    told = the_wrong(folder, "database")
    assert f"{former} (1)" in told
    keys_file.write_text(both)
    with record(settings) as registry:
        registry.execute(commands.RegisterSubject("cn-ric", CITIZEN), actor="test", moment=NOW)
    keys_file.write_text(both.splitlines()[0])
    _, found = examined(folder)
    (told_of,) = [each for each in found["database"] if each["state"] != "sound"]
    assert (told_of["state"], former in told_of["says"]) == ("attention", True)


def test_a_key_that_is_none_and_one_that_others_can_read(folder: Path) -> None:
    (folder / KEY_FILE).chmod(0o644)
    assert "can be read by others" in the_wrong(folder, "keys")
    (folder / KEY_FILE).write_text("not a key")
    assert "64 hex digits" in the_wrong(folder, "keys")
    _, found = examined(folder)
    assert [each["remedy"] for each in found["index"]] == ["see `keys`"]
    view = folder / "keys" / "view.key"
    view.write_text("not a key")
    assert f"{view} does not hold a key" in the_wrong(folder, "keys")


def test_a_database_of_another_key(folder: Path) -> None:
    other = {"CLEARWAY_SUBJECT_KEY": "ab" * 32}
    assert "hashed with another secret" in the_wrong(folder, "database", **other)
    assert "no check can be looked up" in the_wrong(folder, "index", **other)


@pytest.mark.parametrize("table", [VERSION_TABLE, LOG_VERSION])
def test_a_database_of_another_version(folder: Path, table: str) -> None:
    settings = Settings(data_dir=folder)
    engine = database.open_engine(settings.registry_url) if table == VERSION_TABLE else open_log(settings)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {table} SET version_num = '9999'"))
    engine.dispose()
    assert "is of schema 9999" in the_wrong(folder, "database")


def test_a_database_file_that_is_none(folder: Path) -> None:
    for name in ("log.db-wal", "log.db-shm"):
        (folder / name).unlink(missing_ok=True)
    (folder / "log.db").write_bytes(b"no database" * 1000)
    assert "the central log" in the_wrong(folder, "database")


def test_an_index_that_is_gone_and_one_that_is_old(folder: Path) -> None:
    assert "in step with the record" in the_wrong(folder, "index", CLEARWAY_MAX_INDEX_AGE="0.000001")
    shutil.rmtree(folder / "index")
    assert "no check can be looked up" in the_wrong(folder, "index")


def test_rows_that_wait_and_a_journal_that_was_set_aside(folder: Path) -> None:
    journals = Settings(data_dir=folder).journals
    journal = Journal(journals, "worker-1")
    journal.append([encode_record(a_record(decided_at=datetime.now(UTC)))])
    code, found = examined(folder)
    assert (code, found["log"][0]["state"]) == (Exit.DONE, "sound")
    assert "1 rows wait to be shipped" in found["log"][0]["says"]
    journal.close()
    for file in journals.iterdir():
        file.unlink()
    journal = Journal(journals, "worker-1")
    journal.append([encode_record(a_record(decided_at=NOW - timedelta(hours=1)))])
    journal.close()
    assert "1 rows wait to be shipped" in the_wrong(folder, "log")
    (segment,) = journals.glob("*.db")
    segment.with_name(segment.name + DAMAGED_SUFFIX).write_bytes(b"")
    assert "was set aside" in the_wrong(folder, "log")


def test_a_disk_that_is_full_slow_or_takes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(folder)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1))
        assert "0 MiB" in the_wrong(folder, "disk")
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: usage._replace(free=usage.total // 20))
        assert examined(folder)[1]["disk"][0]["state"] == "attention"
    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", full)
        assert "takes no writes: No space left on device" in the_wrong(folder, "disk")


def full(_: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_clock_that_was_set_back(folder: Path) -> None:
    settings = Settings(data_dir=folder)
    with record(settings) as registry:
        registry.execute(
            commands.RegisterSubject("cn-uscc", code(2)), actor="test", moment=datetime.now(UTC) + timedelta(hours=2)
        )
    assert "ahead of this clock" in the_wrong(folder, "clock")


def test_a_clock_that_runs_ahead_of_the_databases_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Registry, "clock", lambda _: datetime.now(UTC) - timedelta(hours=1))
    assert "behind this clock" in the_wrong(folder, "clock")


def test_a_list_that_was_not_read_in_time(folder: Path, tmp_path: Path) -> None:
    feeds = tmp_path / "feeds.yaml"
    inbox = tmp_path / "inbox"
    source = f"{{folder: {inbox}, newest_by: modified}}"
    feeds.write_text(f"feeds:\n  - name: csl\n    format: us-csl\n    every: 1d\n    source: {source}\n")
    assert the_wrong(folder, "feeds", CLEARWAY_FEEDS=str(feeds)) == "csl is overdue, read never"


class ThreeHoursLater(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + timedelta(hours=3)


def test_a_list_that_was_read_in_time_says_when(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feeds, inbox, settings = tmp_path / "feeds.yaml", tmp_path / "inbox", Settings(data_dir=folder)
    inbox.mkdir()
    feeds.write_text(f"feeds: [{{name: flat, format: flat-csv, every: 1d, source: {{folder: {inbox}}}}}]\n")
    (feed,) = load_feeds(feeds)
    write_csv(inbox / "1.csv", COLUMNS, [{"fact": "known", "scheme": "cn-uscc", "code": code(3)}])
    os.utime(inbox / "1.csv", (NOW.timestamp() - 60, NOW.timestamp() - 60))
    read_at = datetime.now(UTC)
    with record(settings) as registry:
        Fetcher(registry, settings.feeds_dir).fetch(feed, read_at)
    monkeypatch.setattr(doctors_feeds, "datetime", ThreeHoursLater)
    ended, found = examined(folder, CLEARWAY_FEEDS=str(feeds))
    assert (ended, [each["says"] for each in found["feeds"]]) == (
        Exit.DONE,
        [f"flat: 1 rows, read last at {read_at:%Y-%m-%d %H:%M} UTC, 3 h ago"],
    )
    failed_at = read_at + timedelta(minutes=150)
    with record(settings) as registry:
        registry.readings.note(Fetch("flat", failed_at, FetchOutcome.FAILED, detail="the folder is gone"))
    _, found = examined(folder, CLEARWAY_FEEDS=str(feeds))
    assert "could not be read 30 min ago: the folder is gone" in found["feeds"][1]["says"]


def test_a_list_that_waits_for_a_person_is_told(folder: Path, tmp_path: Path) -> None:
    feeds, inbox, settings = tmp_path / "feeds.yaml", tmp_path / "inbox", Settings(data_dir=folder)
    inbox.mkdir()
    entry = f"{{name: flat, format: flat-csv, full_list: true, every: 1d, source: {{folder: {inbox}}}}}"
    feeds.write_text(f"feeds: [{entry}]\n")
    (feed,) = load_feeds(feeds)
    write_csv(inbox / "1.csv", COLUMNS, [])
    os.utime(inbox / "1.csv", (NOW.timestamp() - 60, NOW.timestamp() - 60))
    with record(settings) as registry:
        Fetcher(registry, settings.feeds_dir).fetch(feed, NOW)
    _, found = examined(folder, CLEARWAY_FEEDS=str(feeds))
    assert "flat: a list waits for a person: the list is empty" in [each["says"] for each in found["feeds"]]


def test_an_examination_that_fails_is_told_and_the_others_go_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: Settings) -> Iterator[Any]:
        raise RuntimeError("with a secret in its text")

    monkeypatch.setattr(command, "EXAMINATIONS", {"disk": failing, "clock": command.EXAMINATIONS["clock"]})
    code, found = examined(folder)
    assert (code, [each["says"] for each in found["disk"]]) == (Exit.FAILED, ["could not be examined: RuntimeError"])
    assert found["clock"][0]["state"] == "sound"


# Certificates, and who is who


def a_certificate(folder: Path, name: str, begins: timedelta, ends: timedelta) -> tuple[Path, Path]:
    """A self-signed certificate that is valid from and until so long from now, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW + begins)
        .not_valid_after(NOW + ends)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, secret


def serving_with(folder: Path, certificate: Path, key: Path, access: str = "") -> dict[str, str]:
    """The settings of a node with TLS."""
    file = folder.parent / "access.yaml"
    file.write_text(access or access_file(), "utf-8")
    return {
        "CLEARWAY_TLS_CERTIFICATE": str(certificate),
        "CLEARWAY_TLS_KEY": str(key),
        "CLEARWAY_ACCESS": str(file),
    }


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("begins", "ends", "state", "words"),
    [
        (-DAY, 90 * DAY, "sound", "is valid until"),
        (-DAY, 20 * DAY, "attention", "ends on"),
        (-20 * DAY, -DAY, "wrong", "ended on"),
        (DAY, 90 * DAY, "wrong", "is not valid before"),
    ],
)
def test_a_certificate_that_ends_soon_or_has_ended(
    folder: Path, tmp_path: Path, begins: timedelta, ends: timedelta, state: str, words: str
) -> None:
    certificate, key = a_certificate(tmp_path, "service", begins, ends)
    _, found = examined(folder, **serving_with(folder, certificate, key))
    (told,) = found["certificates"]
    assert (told["state"], words in told["says"]) == (state, True)


def test_a_key_that_is_another_certificates_and_a_chain_that_is_none(folder: Path, tmp_path: Path) -> None:
    certificate, key = a_certificate(tmp_path, "service", -DAY, 90 * DAY)
    other, others_key = a_certificate(tmp_path, "other", -DAY, 90 * DAY)
    assert "TLS cannot be served" in the_wrong(folder, "certificates", **serving_with(folder, certificate, others_key))
    certificate.write_bytes(certificate.read_bytes() + other.read_bytes())
    assert "is no chain" in the_wrong(folder, "certificates", **serving_with(folder, certificate, key))


def test_authorities_that_have_ended_or_are_none(folder: Path, tmp_path: Path) -> None:
    certificate, key = a_certificate(tmp_path, "service", -DAY, 90 * DAY)
    ended, _ = a_certificate(tmp_path, "authority", -20 * DAY, -DAY)
    tls = serving_with(folder, certificate, key)
    assert "an authority of tls_client_ca ended" in the_wrong(
        folder, "certificates", **tls, CLEARWAY_TLS_CLIENT_CA=str(ended)
    )
    ended.write_text("nothing")
    # The service does not start with it, either.
    assert "TLS cannot be served" in the_wrong(folder, "certificates", **tls, CLEARWAY_TLS_CLIENT_CA=str(ended))


def test_an_access_file_that_is_rejected(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "access.yaml"
    file.write_text("principals: []\n")
    assert "access file is rejected" in the_wrong(folder, "identity", CLEARWAY_ACCESS=str(file))


def test_an_issuer_whose_keys_can_be_read_and_one_whose_cannot(folder: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    issuer = {
        "issuer": "https://issuer.example",
        "audience": "clearway",
        "algorithms": ["ES256"],
        "keys_file": str(keys),
    }
    file = tmp_path / "access.yaml"
    file.write_text(access_file(issuers=[issuer]), "utf-8")
    assert "cannot be read: FileNotFoundError" in the_wrong(folder, "identity", CLEARWAY_ACCESS=str(file))
    keys.write_text(json.dumps({"keys": [an_issuers_key()]}))
    code, found = examined(folder, CLEARWAY_ACCESS=str(file))
    assert code == Exit.DONE
    assert [each["says"] for each in found["identity"]][1] == "https://issuer.example has 1 keys"


def an_issuers_key() -> dict[str, Any]:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return dict(ECAlgorithm.to_jwk(public, as_dict=True)) | {"kid": "1", "use": "sig"}


@pytest.mark.parametrize("answers", [True, False])
def test_an_issuer_at_whose_page_visitors_sign_in(folder: Path, monkeypatch: pytest.MonkeyPatch, answers: bool) -> None:
    issuer = "https://issuer.example"

    def answer(request: httpx.Request) -> httpx.Response:
        if not answers:
            raise httpx.ConnectError("nobody there")
        if request.url.path.endswith("/keys"):
            return httpx.Response(200, json={"keys": [an_issuers_key()]})
        ends = {name: f"{issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint")}
        return httpx.Response(200, json=ends | {"issuer": issuer, "jwks_uri": f"{issuer}/keys"})

    monkeypatch.setattr(certificates, "way_to_issuer", lambda _: httpx.MockTransport(answer))
    given = {
        "CLEARWAY_CONSOLE_OIDC_ISSUER": issuer,
        "CLEARWAY_CONSOLE_OIDC_CLIENT_ID": "console",
        "CLEARWAY_CONSOLE_ADDRESS": "http://127.0.0.1:8080",
    }
    if answers:
        _, found = examined(folder, **given)
        assert "may sign in at https://issuer.example" in found["identity"][-1]["says"]
    else:
        assert "does not work: SignInFailed" in the_wrong(folder, "identity", **given)
