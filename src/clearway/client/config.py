"""How a client reaches Clearway: frozen settings, checked when they are made."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Language = Literal["en", "zh-CN"]
TokenProvider = Callable[[], str]

MOST_ATTEMPTS = 5
"""gRPC itself makes no more, whatever its service config says."""
SHORTEST_PING_SECONDS = 10.0
"""A Clearway server closes connections that are pinged more often."""


@dataclass(frozen=True, slots=True)
class TLSConfig:
    """TLS to the service. What is given as a path is read again whenever the file changes, without a restart."""

    server_root_ca_cert: bytes | Path | None = None
    """Certificates, PEM, by which the service's own is judged. None: those that gRPC ships with."""

    client_cert: bytes | Path | None = field(default=None, repr=False)
    """The client's certificate chain, PEM, for mutual TLS. Goes with `client_private_key`."""

    client_private_key: bytes | Path | None = field(default=None, repr=False)
    """The private key of `client_cert`, PEM, unencrypted. Both are files, or neither is."""

    server_name: str = ""
    """The name that the service's certificate is for. Empty: the target's own host name."""

    def __post_init__(self) -> None:
        if (self.client_cert is None) != (self.client_private_key is None):
            raise ValueError("client_cert and client_private_key go together")
        if isinstance(self.client_cert, Path) != isinstance(self.client_private_key, Path):
            raise ValueError("client_cert and client_private_key are both files, or both bytes")


@dataclass(frozen=True, slots=True)
class RetryConfig:
    """How often, and how soon, a call that nothing answered is made again.

    Only `UNAVAILABLE` and a stopping server's `CANCELLED` are retried, and only where a repeat is harmless: checks,
    batches and reports, whose ids make them idempotent, and reads. The waits are jittered by gRPC.
    All attempts share the call's one deadline.
    """

    initial_backoff: float = 0.03
    """Seconds before the second attempt, from 0.02 to 0.05."""

    max_backoff: float = 0.5
    """The longest wait between two attempts, in seconds."""

    multiplier: float = 2.0
    """By what each wait is longer than the last."""

    max_attempts: int = 5
    """Attempts in all, from 1 (no retry) to 5 (gRPC's own limit)."""

    def __post_init__(self) -> None:
        if not 0.02 <= self.initial_backoff <= 0.05:
            raise ValueError("initial_backoff is from 0.02 to 0.05 seconds")
        if self.max_backoff < self.initial_backoff:
            raise ValueError("max_backoff is not shorter than initial_backoff")
        if self.multiplier < 1:
            raise ValueError("multiplier is at least 1")
        if not 1 <= self.max_attempts <= MOST_ATTEMPTS:
            raise ValueError(f"max_attempts is from 1 to {MOST_ATTEMPTS}")


@dataclass(frozen=True, slots=True)
class KeepAliveConfig:
    """Pings that notice a connection that died without a word, as behind a firewall that forgets it."""

    interval: float = 30.0
    """Seconds between pings, at least 10: the service closes connections that are pinged more often."""

    timeout: float = 10.0
    """Seconds to wait for a ping's answer before the connection is given up."""

    while_idle: bool = True
    """Whether to ping while no call is in flight, so that the next call finds a live connection."""

    def __post_init__(self) -> None:
        if self.interval < SHORTEST_PING_SECONDS:
            raise ValueError(f"interval is at least {SHORTEST_PING_SECONDS:g} seconds")
        if self.timeout <= 0:
            raise ValueError("timeout is more than 0 seconds")


@dataclass(frozen=True, slots=True)
class ConnectConfig:
    """Where the service is, and how to speak with it."""

    target: str
    """`HOST:PORT`, or any other gRPC name, such as `dns:///clearway.internal:443`."""

    tls: TLSConfig | None = None
    """TLS, or None for plain text, which suits a service on the same machine only."""

    token: TokenProvider | None = field(default=None, repr=False)
    """Gives the bearer token of each call, quickly: it is asked every time. None: no token, or that of `token_file`."""

    token_file: Path | None = None
    """The file that holds the bearer token; read again whenever it changes."""

    timeout: float = 2.0
    """The deadline of a call that is given none, in seconds."""

    language: Language | None = None
    """The language of the texts in answers. None: the service's own."""

    retry: RetryConfig = field(default_factory=RetryConfig)
    """Retries of calls that nothing answered."""

    keep_alive: KeepAliveConfig | None = field(default_factory=KeepAliveConfig)
    """Pings on the connection, or None for none."""

    def __post_init__(self) -> None:
        if not self.target:
            raise ValueError("target is HOST:PORT")
        if self.timeout <= 0:
            raise ValueError("timeout is more than 0 seconds")
        if self.token is not None and self.token_file is not None:
            raise ValueError("give token or token_file, not both")
        if self.has_token and self.tls is None and not stays_on_this_machine(self.target):
            raise ValueError("a token is not sent in plain text to another machine: set tls")

    @property
    def has_token(self) -> bool:
        """Whether calls carry a token."""
        return self.token is not None or self.token_file is not None


def stays_on_this_machine(target: str) -> bool:
    """Whether a target is a loopback address, `localhost` or a Unix socket; no name is looked up to find out."""
    if target.startswith("unix:"):
        return True
    host = target.rpartition("/")[2].rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
