"""Settings that cannot work are refused when they are made, not when the first applicant waits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clearway.client import ConnectConfig, KeepAliveConfig, RetryConfig, TLSConfig
from clearway.client.channels import CallMetadata, options_of
from clearway.client.config import stays_on_this_machine
from clearway.client.methods import ALL
from clearway.client.retries import retried_names, service_config


@pytest.mark.parametrize(
    "values",
    [
        {"initial_backoff": 0.01},
        {"initial_backoff": 0.06},
        {"max_backoff": 0.02},
        {"multiplier": 0.5},
        {"max_attempts": 0},
        {"max_attempts": 6},
    ],
)
def test_retries_stay_within_their_bounds(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        RetryConfig(**values)


@pytest.mark.parametrize("values", [{"interval": 9.9}, {"timeout": 0}])
def test_pings_are_not_more_frequent_than_the_service_bears(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        KeepAliveConfig(**values)


@pytest.mark.parametrize(
    "values",
    [
        {"client_cert": b"x"},
        {"client_private_key": Path("key.pem")},
        {"client_cert": b"x", "client_private_key": Path("key.pem")},
    ],
)
def test_half_given_tls_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="client_cert and client_private_key"):
        TLSConfig(**values)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"target": ""}, "target"),
        ({"timeout": 0.0}, "timeout"),
        ({"token": str, "token_file": Path("token")}, "not both"),
        ({"target": "10.1.2.3:443", "token": str}, "plain text"),
        ({"target": "clearway.internal:443", "token_file": Path("token")}, "plain text"),
    ],
)
def test_a_connection_that_cannot_be_meant_is_refused(values: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        ConnectConfig(**({"target": "127.0.0.1:50051"} | values))


@pytest.mark.parametrize(
    ("target", "stays"),
    [
        ("127.0.0.1:50051", True),
        ("localhost:50051", True),
        ("[::1]:50051", True),
        ("dns:///127.0.0.1:50051", True),
        ("unix:/run/clearway.sock", True),
        ("clearway.internal:443", False),
        ("127.0.0.1.example:443", False),
        ("0.0.0.0:50051", False),
    ],
)
def test_only_loopback_stays_on_this_machine(target: str, stays: bool) -> None:
    assert stays_on_this_machine(target) is stays


def test_secrets_are_not_shown() -> None:
    tls = TLSConfig(client_cert=b"certificate", client_private_key=b"secret")
    assert "secret" not in repr(ConnectConfig("127.0.0.1:1", tls=tls, token=lambda: "secret"))


def test_retries_name_full_services_and_only_repeat_what_is_harmless() -> None:
    names = retried_names()
    assert {"service": "clearway.v1.CheckService"} in names
    assert all(name["service"].startswith("clearway.v1.") for name in names)
    named = {(name["service"], name["method"]) for name in names if "method" in name}
    services = {method.path.split("/")[1] for method in ALL}
    assert {name["service"] for name in names} == services
    assert ("clearway.v1.RegistryService", "GetSubject") in named
    assert ("clearway.v1.RegistryService", "EnterListing") not in named
    assert ("clearway.v1.DeferralService", "Commit") not in named


def test_the_service_config_retries_unavailable_only_and_sets_no_deadline() -> None:
    text = service_config(RetryConfig())
    assert '"retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"]' in text
    assert '"initialBackoff": "0.03s"' in text
    assert "timeout" not in text


def test_one_attempt_is_no_retry() -> None:
    assert "retryPolicy" not in service_config(RetryConfig(max_attempts=1))


def test_channel_options_follow_the_settings() -> None:
    tls = TLSConfig(server_name="clearway.internal")
    options = dict(options_of(ConnectConfig("10.0.0.1:443", tls=tls, keep_alive=KeepAliveConfig(interval=20))))
    assert options["grpc.ssl_target_name_override"] == "clearway.internal"
    assert options["grpc.keepalive_time_ms"] == 20_000
    assert "grpc.keepalive_time_ms" not in dict(options_of(ConnectConfig("127.0.0.1:1", keep_alive=None)))


def test_a_call_carries_its_token_and_language() -> None:
    metadata = CallMetadata(ConnectConfig("127.0.0.1:1", token=lambda: "t-1"))
    assert metadata.of("zh-CN") == (("accept-language", "zh-CN"), ("authorization", "Bearer t-1"))
    assert CallMetadata(ConnectConfig("127.0.0.1:1")).of(None) == ()
