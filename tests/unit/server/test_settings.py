from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from clearway.server.settings import COLLECTOR, Settings

KEY = "0f" * 32


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (*(f"CLEARWAY_{name.upper()}" for name in Settings.model_fields), *COLLECTOR):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("listen", ["127.0.0.1:50051", "127.9.9.9:1", "localhost:0", "[::1]:65535"])
def test_loopback_may_be_served(listen: str) -> None:
    assert Settings(listen=listen).listen == listen


@pytest.mark.parametrize(
    "listen", ["0.0.0.0:50051", "192.0.2.1:50051", "[::]:50051", "[2001:db8::1]:1", "example.org:1"]
)
def test_other_addresses_are_refused_until_callers_are_identified(listen: str) -> None:
    needed = "set CLEARWAY_TLS_CERTIFICATE, CLEARWAY_TLS_KEY, CLEARWAY_ACCESS"
    with pytest.raises(ValidationError, match=f"callers must be identified: {needed}"):
        Settings(listen=listen)
    whole = Settings(listen=listen, access=Path("a.yaml"), tls_certificate=Path("c.pem"), tls_key=Path("k.pem"))
    assert whole.listen == listen


CERTIFICATE, KEY_FILE, CLIENT_CA, ACCESS = Path("c.pem"), Path("k.pem"), Path("ca.pem"), Path("access.yaml")


@pytest.mark.parametrize(
    ("given", "wanting"),
    [
        ({"tls_certificate": CERTIFICATE}, "half given: set CLEARWAY_TLS_KEY"),
        ({"tls_key": KEY_FILE, "access": ACCESS}, "half given: set CLEARWAY_TLS_CERTIFICATE"),
        ({"tls_client_ca": CLIENT_CA, "access": ACCESS}, "set CLEARWAY_TLS_CERTIFICATE, CLEARWAY_TLS_KEY"),
        ({"tls_certificate": CERTIFICATE, "tls_key": KEY_FILE}, "set CLEARWAY_ACCESS"),
        ({"listen": "0.0.0.0:1", "access": ACCESS}, "set CLEARWAY_TLS_CERTIFICATE, CLEARWAY_TLS_KEY"),
    ],
)
def test_half_given_tls_is_refused_and_the_other_half_named(given: dict[str, Any], wanting: str) -> None:
    with pytest.raises(ValidationError, match=wanting):
        Settings(**given)


def test_an_access_file_without_tls_is_for_this_machine() -> None:
    assert Settings(access=ACCESS).tls_certificate is None


@pytest.mark.parametrize("listen", ["127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:-1", "127.0.0.1:65536", ""])
def test_an_address_without_a_port_is_refused(listen: str) -> None:
    with pytest.raises(ValidationError, match="HOST:PORT"):
        Settings(listen=listen)


@pytest.mark.parametrize(
    ("name", "value"),
    [("workers", 0), ("workers", 65), ("max_in_flight", 0), ("max_message_bytes", 10), ("max_index_age", 0),
     ("follow_interval", -1), ("drain_seconds", -1), ("language", "fr"), ("log_level", "loud"), ("subject_key", "abc"),
     ("subject_key", "x" * 64), ("former_subject_keys", f"{'0' * 64},abc")],
)  # fmt: skip
def test_values_out_of_range_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(**{name: value})  # type: ignore[arg-type]
    assert [error["loc"] for error in refused.value.errors()] == [(name,)]


def test_a_flag_wins_over_the_environment_and_that_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "clearway.env").write_text("CLEARWAY_WORKERS=2\nCLEARWAY_LANGUAGE=zh-CN\n")
    monkeypatch.setenv("CLEARWAY_WORKERS", "3")
    assert Settings().workers == 3
    assert Settings(workers=4).workers == 4
    assert Settings().language == "zh-CN"


def test_the_key_is_never_shown() -> None:
    settings = Settings(subject_key=KEY, former_subject_keys=f"{'1' * 64}, {'2' * 64}")
    shown = [repr(settings), str(settings), *settings.redacted().values()]
    assert not [text for text in shown if KEY in text or "1" * 64 in text]
    assert settings.former_keys == ("1" * 64, "2" * 64)
    assert settings.redacted()["former_subject_keys"] == "(2 given)"
    assert settings.redacted()["subject_key"] == "(given)"
    assert Settings().redacted()["subject_key"] == "(file)"


def test_a_database_is_shown_without_its_password() -> None:
    url = "postgresql://clearway:hunter2@db.example.org/clearway?sslmode=require&sslpassword=hunter2"
    settings = Settings(database=url)
    shown = [repr(settings), str(settings), *settings.redacted().values()]
    assert not [text for text in shown if "hunter2" in text]
    assert "db.example.org/clearway" in settings.redacted()["database"]
    assert Settings().redacted()["database"] == "(embedded)"
    assert settings.registry_url == settings.central_log == url


@pytest.mark.parametrize("url", ["sqlite:///x.db", "mysql://u:hunter2@h/d", "hunter2"])
def test_no_other_database_is_taken_and_the_refusal_does_not_repeat_it(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(database=url)
    assert [error["loc"] for error in refused.value.errors()] == [("database",)]
    assert "hunter2" not in "".join(error["msg"] for error in refused.value.errors())


def test_every_setting_is_shown_at_start() -> None:
    assert Settings().redacted().keys() == Settings.model_fields.keys()


def test_every_setting_is_described() -> None:
    assert not [name for name, field in Settings.model_fields.items() if not field.description]


def test_metrics_are_served_on_loopback_only_and_by_default_not_at_all() -> None:
    assert Settings().metrics_address is None
    assert Settings(metrics_listen="127.0.0.1:9464").metrics_address == ("127.0.0.1", 9464)
    assert Settings(metrics_listen="[::1]:9464").metrics_address == ("::1", 9464)
    for address in ("0.0.0.0:9464", "9464", "127.0.0.1:99999", "metrics.example:9464"):
        with pytest.raises(ValidationError):
            Settings(metrics_listen=address)


def test_a_central_log_needs_a_database() -> None:
    with pytest.raises(ValidationError, match="log_durability central needs a database"):
        Settings(log_durability="central")
    assert Settings(log_durability="central", database="postgresql://u@h/d").log_durability == "central"


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4317", "https://collector.internal:4317/", "http://[::1]:4317"])
def test_traces_go_to_a_collector_named_by_host_and_port(endpoint: str) -> None:
    assert Settings(traces_endpoint=endpoint).traces_endpoint == endpoint


@pytest.mark.parametrize(
    "endpoint", ["collector:4317", "http://collector", "grpc://c:4317", "http://who:secret@c:4317", "http://c:1/v1?x=1"]
)
def test_no_other_way_of_naming_a_collector_is_taken(endpoint: str) -> None:
    with pytest.raises(ValidationError, match="traces_endpoint must be"):
        Settings(traces_endpoint=endpoint)


def test_the_collector_is_the_one_that_opentelemetry_s_own_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().traces_endpoint == ""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:4317")
    assert Settings().traces_endpoint == "http://all:4317"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:4317")
    assert Settings().traces_endpoint == "http://traces:4317"
    monkeypatch.setenv("CLEARWAY_TRACES_ENDPOINT", "http://ours:4317")
    assert Settings().traces_endpoint == "http://ours:4317"
    monkeypatch.setenv("CLEARWAY_TRACES_ENDPOINT", "")
    assert Settings().traces_endpoint == ""


@pytest.mark.parametrize("share", [-0.01, 1.01])
def test_a_share_of_calls_is_between_none_and_all(share: float) -> None:
    with pytest.raises(ValidationError, match="traces_sample"):
        Settings(traces_sample=share)
