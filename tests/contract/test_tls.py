"""Callers by certificate, and certificates that are renewed while the service runs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from clearway.client import Check, Clearway, ConnectConfig, Raise, TLSConfig
from clearway.gen.v1.check_service_pb2_grpc import CheckServiceStub
from clearway.registry.synthetic import Character, code_of
from tests.certificates import Authority, make_authority, make_certificate
from tests.contract.loaded import ITEM, a_check, load, refusal_in
from tests.node import NO_PROXY, RunningNode
from tests.parties import access_file, bearer, entry

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("tls")]

PATIENCE = 10.0
CHECKER: list[dict[str, Any]] = [{"role": "checker"}]


class Party(NamedTuple):
    """A caller's certificate and key."""

    certificate: Path
    key: Path


class Site(NamedTuple):
    """The authorities of an installation, and its callers."""

    folder: Path
    servers: Authority
    clients: Authority
    parties: dict[str, Party]

    def credentials(self, party: str | None) -> grpc.ChannelCredentials:
        roots = self.servers.certificate.read_bytes()
        if party is None:
            return grpc.ssl_channel_credentials(roots)
        found = self.parties[party]
        return grpc.ssl_channel_credentials(roots, found.key.read_bytes(), found.certificate.read_bytes())


NAMES = {
    "by-uri": "URI:spiffe://example/licensing",
    "by-dns": "DNS:licensing.example",
    "by-common-name": "DNS:unnamed.example",
    "by-digest": "DNS:digest.example",
    "of-two": "URI:spiffe://example/licensing,DNS:licensing.example",
    "unknown": "URI:spiffe://example/nobody",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    servers, clients = make_authority(folder, "servers"), make_authority(folder, "clients")
    strangers = make_authority(folder, "strangers")
    parties = {name: Party(*make_certificate(folder, name, clients, names)) for name, names in NAMES.items()}
    parties["of-strangers"] = Party(*make_certificate(folder, "of-strangers", strangers, NAMES["by-uri"]))
    for name in ("server", "server-2"):
        make_certificate(folder, name, servers)
    return Site(folder, servers, clients, parties)


def digest_of(certificate: Path) -> str:
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    return found.fingerprint(hashes.SHA256()).hex()


def entries(site: Site) -> list[dict[str, Any]]:
    """A principal for each kind of name."""
    return [
        entry("uri", CHECKER, certificates=[{"uri": "spiffe://example/licensing"}]),
        entry("dns", CHECKER, certificates=[{"dns": "licensing.example"}]),
        entry("common-name", CHECKER, certificates=[{"common_name": "by-common-name"}]),
        entry("digest", CHECKER, certificates=[{"sha256": digest_of(site.parties["by-digest"].certificate)}]),
    ]


@contextmanager
def secured(site: Site, folder: Path, **settings: object) -> Iterator[RunningNode]:
    """A node with a copy of the server's certificate in its folder, so that a test may replace it."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in ("pem", "key"):
        shutil.copy(site.folder / f"server.{kind}", folder / f"server.{kind}")
    shutil.copy(site.clients.certificate, folder / "clients.pem")
    (folder / "access.yaml").write_text(access_file(*entries(site)), "utf-8")
    given: dict[str, Any] = {
        "access": folder / "access.yaml",
        "tls_certificate": folder / "server.pem",
        "tls_key": folder / "server.key",
        "tls_client_ca": folder / "clients.pem",
    }
    given = {name: value for name, value in (given | settings).items() if value is not None}
    with load(folder), RunningNode(folder, credentials=site.credentials("by-uri"), **given) as node:
        yield node


@pytest.fixture(scope="module")
def node(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    with secured(site, tmp_path_factory.mktemp("secured")) as node:
        yield node


@contextmanager
def connected(node: RunningNode, credentials: grpc.ChannelCredentials) -> Iterator[CheckServiceStub]:
    """A stub on a connection of its own."""
    options = [*NO_PROXY, ("grpc.use_local_subchannel_pool", 1)]
    with grpc.secure_channel(node.address, credentials, options=options) as channel:
        yield CheckServiceStub(channel)


def failing(call: Callable[[], object]) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as raised:
        call()
    return raised.value


@pytest.mark.parametrize("party", ["by-uri", "by-dns", "by-common-name", "by-digest"])
def test_a_certificate_says_who_calls(site: Site, node: RunningNode, party: str) -> None:
    with connected(node, site.credentials(party)) as checks:
        assert checks.CheckSubject(a_check(), timeout=PATIENCE).check_id


@pytest.mark.parametrize(("party", "reason"), [("unknown", "PRINCIPAL_UNKNOWN"), ("of-two", "CREDENTIALS_INVALID")])
def test_a_certificate_of_nobody_in_particular(site: Site, node: RunningNode, party: str, reason: str) -> None:
    with connected(node, site.credentials(party)) as checks:
        found = refusal_in(failing(lambda: checks.CheckSubject(a_check(), timeout=PATIENCE)))
    assert (found["code"], found["reason"]) == ("UNAUTHENTICATED", reason)


@pytest.mark.parametrize("party", ["of-strangers", None])
def test_whoever_shows_no_certificate_of_a_trusted_authority_does_not_connect(
    site: Site, node: RunningNode, party: str | None
) -> None:
    with connected(node, site.credentials(party)) as checks:
        error = failing(lambda: checks.CheckSubject(a_check(), timeout=PATIENCE))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    with grpc.insecure_channel(node.address, options=NO_PROXY) as plain:
        error = failing(lambda: CheckServiceStub(plain).CheckSubject(a_check(), timeout=PATIENCE))
    assert error.code() is grpc.StatusCode.UNAVAILABLE


def test_a_token_speaks_before_the_certificate_of_a_gateway(site: Site, node: RunningNode) -> None:
    with connected(node, site.credentials("by-uri")) as checks:
        other = a_check(item_code="TRAVEL-AGENCY", supplied_materials=[])
        checks.CheckSubject(other, timeout=PATIENCE)
        metadata = bearer("checker-of-food")
        error = failing(lambda: checks.CheckSubject(other, metadata=metadata, timeout=PATIENCE))
    assert refusal_in(error)["metadata"]["lack"] == "item"


def test_the_client_of_the_package_connects_with_its_certificate(site: Site, node: RunningNode) -> None:
    party = site.parties["by-uri"]
    tls = TLSConfig(site.servers.certificate, party.certificate, party.key)
    config = ConnectConfig(node.address, tls=tls, timeout=PATIENCE)
    with Clearway(config, on_unavailable=Raise()) as clearway:
        check = Check(scheme="cn-uscc", code=code_of(Character.CLEAN), item=ITEM, case="C-1", officer="officer 7")
        assert clearway.check(check).check_id


# Renewal


def eventually(holds: Callable[[], bool], within: float = 20.0) -> None:
    last = time.monotonic() + within
    while not holds():
        assert time.monotonic() < last, "did not come about in time"
        time.sleep(0.1)


def test_certificates_and_authorities_are_renewed_while_connections_go_on(site: Site, tmp_path: Path) -> None:
    with secured(site, tmp_path) as node, connected(node, site.credentials("by-uri")) as before:
        before.CheckSubject(a_check(), timeout=PATIENCE)
        strangers = site.folder / "strangers.pem"

        def strangers_connect() -> bool:
            with connected(node, site.credentials("of-strangers")) as checks:
                try:
                    return bool(checks.CheckSubject(a_check(), timeout=PATIENCE).check_id)
                except grpc.RpcError:
                    return False

        assert not strangers_connect()
        (tmp_path / "clients.pem").write_bytes(strangers.read_bytes())
        eventually(strangers_connect)
        assert before.CheckSubject(a_check(), timeout=PATIENCE).check_id
        # Half of a renewal changes nothing.
        shutil.copy(site.folder / "server-2.key", tmp_path / "server.key")
        assert strangers_connect()
        shutil.copy(site.folder / "server-2.pem", tmp_path / "server.pem")
        eventually(strangers_connect)
        assert "tls_files_read" in node.log.read_text()


def test_the_access_file_is_read_again_while_the_service_runs(site: Site, tmp_path: Path) -> None:
    with secured(site, tmp_path) as node, connected(node, site.credentials("by-uri")) as checks:
        checks.CheckSubject(a_check(), timeout=PATIENCE)
        without = [one for one in entries(site) if one["name"] != "uri"]
        (tmp_path / "access.yaml").write_text(access_file(*without), "utf-8")

        def is_nobody() -> bool:
            try:
                checks.CheckSubject(a_check(), timeout=PATIENCE)
            except grpc.RpcError as error:
                return bool(refusal_in(error)["reason"] == "PRINCIPAL_UNKNOWN")
            return False

        eventually(is_nobody)
        (tmp_path / "access.yaml").write_text("principals: []\n", "utf-8")
        eventually(lambda: "access_file_rejected" in node.log.read_text())
        assert is_nobody()


def test_tokens_over_tls_need_no_certificate(site: Site, tmp_path: Path) -> None:
    with secured(site, tmp_path, tls_client_ca=None) as node, connected(node, site.credentials(None)) as checks:
        assert checks.CheckSubject(a_check(), metadata=bearer("checker"), timeout=PATIENCE).check_id
        error = failing(lambda: checks.CheckSubject(a_check(), timeout=PATIENCE))
    assert refusal_in(error)["reason"] == "CREDENTIALS_MISSING"


# What does not start


def started(folder: Path, *flags: str, **settings: object) -> tuple[int, str]:
    """The exit code of `clearway serve`, and what it said."""
    environment = {f"CLEARWAY_{name.upper()}": str(value) for name, value in settings.items()}
    done = subprocess.run(
        [sys.executable, "-m", "clearway.cli.main", "serve", "--data-dir", str(folder), *flags],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_service_for_other_machines_does_not_start_without_identity(tmp_path: Path) -> None:
    code, said = started(tmp_path, "--listen", "0.0.0.0:0")
    assert code == 2
    assert "set CLEARWAY_TLS_CERTIFICATE, CLEARWAY_TLS_KEY, CLEARWAY_ACCESS" in " ".join(said.split())


def test_half_given_tls_does_not_start(site: Site, tmp_path: Path) -> None:
    code, said = started(tmp_path, tls_certificate=site.folder / "server.pem")
    assert code == 2
    assert "set CLEARWAY_TLS_KEY" in " ".join(said.split())


def test_a_key_of_another_certificate_does_not_start(site: Site, tmp_path: Path) -> None:
    (tmp_path / "access.yaml").write_text(access_file())
    files = {"tls_certificate": site.folder / "server.pem", "tls_key": site.folder / "server-2.key"}
    code, said = started(tmp_path, "--listen", "127.0.0.1:0", access=tmp_path / "access.yaml", **files)
    assert code == 1
    assert "tls_certificate and tls_key cannot be used" in " ".join(said.split())


def test_an_access_file_with_a_mistake_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "access.yaml").write_text(yaml.safe_dump({"principals": []}))
    code, said = started(tmp_path, "--listen", "127.0.0.1:0", access=tmp_path / "access.yaml")
    assert code == 1
    assert "access.yaml:1: [value] principals" in " ".join(said.split())
