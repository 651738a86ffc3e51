"""`clearway serve`: one parent that starts the node's processes, restarts what dies, and drains on SIGTERM."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import structlog

from clearway.access.loader import AccessRejected, load_access
from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.loader import load_catalogue
from clearway.index.layout import IndexLayout
from clearway.postgresql.engine import UnsupportedDatabase
from clearway.querylog.central import LogUnreachable
from clearway.querylog.sqlite import NotDurable
from clearway.registry.errors import RegistryError
from clearway.server.children import Child, end, warm_up
from clearway.server.databases import Unreachable, open_log, open_registry, reached
from clearway.server.keys import KeyUnreadable, load_keys, load_signer, load_witnesses
from clearway.server.roles import Role, play
from clearway.server.settings import Settings
from clearway.server.side_door import make_side_doors
from clearway.server.sources import scheduled_feeds
from clearway.server.tls import ServerTLS, TLSUnusable
from clearway.server.vitals import SUPERVISOR, SupervisorVitals, VitalsFolder
from clearway.server.watching.endpoints import WebhooksRejected, load_webhooks

ADDRESS_FILE = "serving.json"

_log = structlog.get_logger(__name__)


class CannotServe(Exception):
    """The node cannot start; the text says why and what to do."""


def no_more(_: Settings) -> list[Child]:
    """No further processes."""
    return []


@dataclass(slots=True)
class Node:
    """The processes of one node and the data folder they share."""

    settings: Settings
    beside: Callable[[Settings], list[Child]] = no_more
    """What else runs, given the settings as served: processes that this package does not know."""
    children: list[Child] = field(default_factory=list)

    def run(self, stop: threading.Event, on_started: Callable[[Settings], None] = lambda _: None) -> None:
        """Serve until `stop` is set. Raises `CannotServe`."""
        warm_up()
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        with only_node(self.settings.data_dir), reserved_ports(self.settings) as settings:
            prepare(settings)
            beside = self.beside(settings)
            self.children = [*children_of(settings), *beside]
            for child in self.children:
                child.start()
            address = settings.data_dir / ADDRESS_FILE
            address.write_text(json.dumps(serving(settings)))
            try:
                on_started(settings)
                self._keep_alive(stop)
            finally:
                self._drain(settings, beside)
                address.unlink(missing_ok=True)

    def _keep_alive(self, stop: threading.Event) -> None:
        vitals, said, begun = VitalsFolder(self.settings.data_dir), -1, time.time()
        while not stop.wait(0.1):
            now = time.monotonic()
            for child in self.children:
                child.revive(now)
            restarts = {child.name: child.restarts for child in self.children}
            if sum(restarts.values()) != said:
                said = sum(restarts.values())
                vitals.write(SUPERVISOR, SupervisorVitals(restarts, begun))

    def _drain(self, settings: Settings, beside: list[Child]) -> None:
        """What calls the workers first, then they, so that the shipper still ships their last rows.

        The notary last, so that it signs them.
        """
        workers = [child for child in self.children if child.plays(Role.WORKER)]
        notary = [child for child in self.children if child.plays(Role.NOTARY)]
        others = [child for child in self.children if child not in (*workers, *notary, *beside)]
        patience = settings.drain_seconds + 5.0
        for group, longest in ((beside, patience), (workers, patience), (others, 15.0), (notary, 15.0)):
            end(group, longest)


def children_of(settings: Settings) -> list[Child]:
    """Every process of a node: one follower, one shipper, one notary, one watcher, the workers.

    One more reads feeds, where the settings ask for it; it also serves the metrics, and so runs where only they are
    asked for.
    """
    return [
        Child("follower", play, (Role.FOLLOWER, settings)),
        Child("shipper", play, (Role.SHIPPER, settings)),
        Child("notary", play, (Role.NOTARY, settings)),
        Child("watcher", play, (Role.WATCHER, settings)),
        *([Child("feeds", play, (Role.FEEDS, settings))] if settings.feeds or settings.metrics_listen else []),
        *(Child(name, play, (Role.WORKER, settings, name)) for name in settings.worker_names),
    ]


def prepare(settings: Settings) -> None:
    """Make keys and databases, and refuse settings that no worker could serve with.

    Raises `CannotServe`, `CatalogueRejected` and `FeedsRejected`.
    """
    catalogue = load_catalogue(settings.catalogue)
    if catalogue.find_authority(settings.authority) is None:
        raise CannotServe(f"the catalogue has no authority {settings.authority}; set CLEARWAY_AUTHORITY to one it has")
    scheduled_feeds(settings)
    require_identity(settings, catalogue)
    require_free_metrics_port(settings)
    if settings.web_listen:
        try:
            make_side_doors(settings)
        except ValueError as fault:
            raise CannotServe(str(fault)) from fault
    try:
        if settings.webhooks is not None:
            load_webhooks(settings.webhooks, catalogue)
    except WebhooksRejected as fault:
        raise CannotServe(f"the webhooks are rejected: {fault}") from fault
    try:
        keys = load_keys(settings)
        load_signer(settings)
        load_witnesses(settings)
        with reached():
            open_registry(settings, keys, datetime.now(UTC)).close()
            open_log(settings).dispose()
    except Unreachable as fault:
        if IndexLayout(settings.data_dir).current() is None:
            raise CannotServe(f"{fault}, and there is no index yet to serve from") from fault
        _log.warning("database_unreachable", why=str(fault), serving_from="index")
    except (KeyUnreadable, RegistryError, NotDurable, UnsupportedDatabase, LogUnreachable) as fault:
        raise CannotServe(str(fault)) from fault


def require_identity(settings: Settings, catalogue: Catalogue) -> None:
    """Raise `CannotServe` where the access file or the TLS files cannot be used."""
    try:
        if settings.access is not None:
            load_access(settings.access, catalogue)
        if settings.tls_certificate is not None:
            ServerTLS(settings)
    except AccessRejected as rejected:
        raise CannotServe(f"the access file is rejected; run `clearway access check`: {rejected}") from rejected
    except TLSUnusable as fault:
        raise CannotServe(str(fault)) from fault


def require_free_metrics_port(settings: Settings) -> None:
    """Raise `CannotServe` where the metrics' port is taken."""
    if settings.metrics_address is None:
        return
    host, port = settings.metrics_address
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            taken = os.strerror(fault.errno or 0)
            raise CannotServe(f"metrics cannot be served on {settings.metrics_listen}: {taken}") from fault


@contextlib.contextmanager
def only_node(data_dir: Path) -> Iterator[IO[str]]:
    """Hold the data folder for this node alone. Raises `CannotServe` where another has it."""
    with (data_dir / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotServe(f"another clearway serves from {data_dir}; stop it or give another --data-dir") from None
        yield lock


@contextlib.contextmanager
def reserved_ports(settings: Settings) -> Iterator[Settings]:
    """Settings with ports that are ours: our processes share them, nobody else's server is joined by accident."""
    web = reserved(settings.web_listen) if settings.web_listen else contextlib.nullcontext("")
    with reserved(settings.listen) as listen, web as web_listen:
        yield settings.model_copy(update={"listen": listen, "web_listen": web_listen})


@contextlib.contextmanager
def reserved(listen: str) -> Iterator[str]:
    """HOST:PORT, with the port that was picked where none was given. Raises `CannotServe`."""
    given, _, port = listen.rpartition(":")
    family = socket.AF_INET6 if ":" in given else socket.AF_INET
    host = given.strip("[]")
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as fault:
            raise CannotServe(f"{listen} cannot be served on: {os.strerror(fault.errno or 0)}") from fault
        picked = probe.getsockname()[1]
    with socket.socket(family, socket.SOCK_STREAM) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((host, picked))
        yield f"{given}:{picked}"


def serving(settings: Settings) -> dict[str, object]:
    """What `serving.json` says of a node that is up."""
    return {"address": settings.listen, "web": settings.web_listen, "pid": os.getpid()}


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM or SIGINT sets."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
