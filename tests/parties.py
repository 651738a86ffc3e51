"""Callers for tests of access: an access file with a principal for each thing that a grant can say, and their tokens.

The tokens are made of fixed bytes, and open nothing but a test's own node.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import grpc
import yaml

from clearway.access.tokens import hash_of, token_of
from tests.node import NO_PROXY, RunningNode

AUTHORITY = "DEMO-LICENSING"

OTHER_AUTHORITY = "MARKET-SH"

GRANTS: dict[str, list[dict[str, Any]]] = {
    "checker": [{"role": "checker"}],
    "officer": [{"role": "officer"}],
    "registrar": [{"role": "registrar", "regimes": ["SAMR-SERIOUS"], "regions": ["*"]}],
    "auditor": [{"role": "auditor"}],
    "operator": [{"role": "operator"}],
    "checker-of-food": [{"role": "checker", "items": ["FOOD-OPERATION"]}],
    "checker-of-beijing": [{"role": "checker", "regions": ["110000"]}],
    "checker-for-one": [{"role": "checker", "officers": ["officer 7"]}],
    "officer-of-travel": [{"role": "officer", "items": ["TRAVEL-AGENCY"]}],
    "registrar-of-tax": [{"role": "registrar", "regimes": ["TAX-MAJOR"], "regions": ["*"], "adverse_records": True}],
    "registrar-of-shanghai": [{"role": "registrar", "regimes": ["SAMR-SERIOUS"], "regions": ["310000"]}],
    "registrar-for-one": [
        {"role": "registrar", "regimes": ["SAMR-SERIOUS"], "regions": ["*"], "officers": ["registrar 3"]}
    ],
}
"""Principal → what it is granted."""

ROLES = ("checker", "officer", "registrar", "auditor", "operator")


LIMITED: dict[str, dict[str, Any]] = {
    "checker-in-bursts": {"calls_per_second": 0.01, "burst": 100},
    "checker-of-typos": {"invalid_codes": 2},
    "checker-of-strangers": {"unlisted_codes": 3},
    "checker-along-the-row": {"neighbouring_codes": 5},
    "checker-of-one-subject": {"cases_per_subject": 2},
    "too-many": {"calls_per_second": 0.001, "burst": 100},
    "too-odd": {"invalid_codes": 1},
    "too-often": {"cases_per_subject": 1},
}
"""Principal with every grant of a checker → its limits."""


def token(name: str) -> str:
    """The API token of a principal."""
    return token_of(name.encode().ljust(32, b".")[:32])


def entry(name: str, grants: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """A principal with its token, as the access file has it."""
    tokens = [{"sha256": hash_of(token(name)).hex()}]
    return {"name": name, "authority": AUTHORITY, "tokens": tokens, "grants": deepcopy(grants)} | fields


def access_file(*more: dict[str, Any], **fields: Any) -> str:
    """The file, with further principals, or further fields of the whole."""
    granted = (entry(name, grants) for name, grants in GRANTS.items())
    limited = (entry(name, GRANTS["checker"], limits=limits) for name, limits in LIMITED.items())
    elsewhere = entry("checker-elsewhere", GRANTS["checker"], authority=OTHER_AUTHORITY)
    gone = entry("long-gone", GRANTS["checker"])
    gone["tokens"][0]["expires_on"] = "2020-01-31"
    principals = [*granted, *limited, elsewhere, gone, *more]
    return yaml.safe_dump({"principals": principals} | fields, allow_unicode=True)


def bearer(name: str) -> tuple[tuple[str, str], ...]:
    """A call's metadata with the principal's token."""
    return (("authorization", f"Bearer {token(name)}"),)


class AsCaller(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Puts metadata on every call."""

    def __init__(self, metadata: tuple[tuple[str, str], ...]) -> None:
        self._metadata = metadata

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return continuation(client_call_details._replace(metadata=self._metadata), request)

    def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return continuation(client_call_details._replace(metadata=self._metadata), request)


def as_caller(node: RunningNode, name: str) -> grpc.Channel:
    """The node's channel, with the principal's token on every call."""
    return grpc.intercept_channel(node.channel(), AsCaller(bearer(name)))


def secured(node: RunningNode, credentials: grpc.ChannelCredentials) -> Iterator[grpc.Channel]:
    """A channel of its own connection."""
    own = [*NO_PROXY, ("grpc.use_local_subchannel_pool", 1)]
    with grpc.secure_channel(node.address, credentials, options=own) as channel:
        yield channel
