"""Channels: their options, and how one gives way to another when certificates change."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import grpc

from clearway.client.config import ConnectConfig, KeepAliveConfig
from clearway.client.credentials import TLSFiles, TokenFile
from clearway.client.retries import service_config

ChannelT = TypeVar("ChannelT")
Option = tuple[str, str | int]
Metadata = tuple[tuple[str, str], ...]
MakeChannel = Callable[[str, grpc.ChannelCredentials | None, list[Option]], ChannelT]

LARGEST_ANSWER_BYTES = 64 * 1024 * 1024
"""A hundred answers with many reasons each pass gRPC's own limit of 4 MiB."""


def options_of(config: ConnectConfig) -> list[Option]:
    """Channel arguments."""
    options: list[Option] = [
        ("grpc.service_config", service_config(config.retry)),
        # A closed network's proxy settings are meant for the web, not for the service next door.
        ("grpc.enable_http_proxy", 0),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2_000),
        ("grpc.max_receive_message_length", LARGEST_ANSWER_BYTES),
    ]
    if config.keep_alive is not None:
        options += pings(config.keep_alive)
    if config.tls is not None and config.tls.server_name:
        options.append(("grpc.ssl_target_name_override", config.tls.server_name))
    return options


def pings(keep_alive: KeepAliveConfig) -> list[Option]:
    """Channel arguments of the pings."""
    return [
        ("grpc.keepalive_time_ms", int(keep_alive.interval * 1000)),
        ("grpc.keepalive_timeout_ms", int(keep_alive.timeout * 1000)),
        ("grpc.keepalive_permit_without_calls", int(keep_alive.while_idle)),
        ("grpc.http2.max_pings_without_data", 0),
    ]


class Closed(RuntimeError):
    """The client was closed from this side: by `close`, or by the end of its `with`."""

    def __init__(self) -> None:
        super().__init__("the client is closed")


@dataclass(slots=True)
class Held(Generic[ChannelT]):
    """A channel, how many calls are on it, and its methods as they were first called."""

    channel: ChannelT
    calls: int = 0
    retired: bool = False
    methods: dict[str, Any] = field(default_factory=dict)


class Channels(Generic[ChannelT]):
    """The one channel in use. When certificates change a new one takes over, and the old one ends with its calls."""

    def __init__(self, config: ConnectConfig, make: MakeChannel[ChannelT]) -> None:
        """Raises OSError or ValueError where the TLS files cannot be used."""
        self._target = config.target
        self._options = options_of(config)
        self._tls = None if config.tls is None else TLSFiles(config.tls)
        self._make = make
        self._lock = threading.Lock()
        self._current: Held[ChannelT] | None = None
        self._in_use: list[Held[ChannelT]] = []
        self.closed = False

    def take(self) -> tuple[Held[ChannelT], ChannelT | None]:
        """The channel for one more call, to be given back; and the one to close now, if it gave way idle.

        Raises `Closed` after `close`.
        """
        with self._lock:
            if self.closed:
                raise Closed
            idle = self._give_way() if self._tls is not None and self._tls.changed() else None
            if self._current is None:
                credentials = None if self._tls is None else self._tls.loaded.credentials
                self._current = Held(self._make(self._target, credentials, self._options))
                self._in_use.append(self._current)
            self._current.calls += 1
            return self._current, idle

    def give_back(self, held: Held[ChannelT]) -> ChannelT | None:
        """End a call; the channel to close now, if this was the last call on one that has given way."""
        with self._lock:
            held.calls -= 1
            return self._forget(held) if held.retired and not held.calls and held in self._in_use else None

    def close(self) -> list[ChannelT]:
        """Take no more calls; every channel still open, to be closed now."""
        with self._lock:
            self.closed = True
            open_, self._in_use, self._current = self._in_use, [], None
            return [held.channel for held in open_]

    def _give_way(self) -> ChannelT | None:
        held, self._current = self._current, None
        if held is None:
            return None
        held.retired = True
        return None if held.calls else self._forget(held)

    def _forget(self, held: Held[ChannelT]) -> ChannelT:
        self._in_use.remove(held)
        return held.channel


class CallMetadata:
    """What goes with every call: the token, and the language asked for."""

    def __init__(self, config: ConnectConfig) -> None:
        self._token = TokenFile(config.token_file) if config.token_file is not None else config.token

    def of(self, language: str | None) -> Metadata:
        """The metadata of one call."""
        pairs: Metadata = () if language is None else (("accept-language", language),)
        if self._token is not None:
            pairs += (("authorization", f"Bearer {self._token()}"),)
        return pairs
