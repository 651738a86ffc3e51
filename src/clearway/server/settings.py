"""Every setting, typed, from flags, environment (`CLEARWAY_…`) and a `.env`-style file; validated at start.

docs/operations.md lists each one; a test holds the page to this class.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from clearway.postgresql.engine import UnsupportedDatabase, is_postgresql
from clearway.postgresql.engine import redacted as redacted_url
from clearway.querylog.central import JOURNAL_DIRECTORY, LOG_FILE
from clearway.querylog.transparency.folders import TREE_FOLDER
from clearway.querylog.transparency.verification import VERIFICATION_FILE
from clearway.transparency.notes import NoteInvalid, is_origin, parse_signer

ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:]+\](:\d{1,5})?")
"""A scheme, a host, perhaps a port; no path."""

COLLECTOR = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Where OpenTelemetry's own environment names the collector, the nearer first."""


class Settings(BaseSettings):
    """What an operator may set. A flag of `clearway serve` wins over the environment, the environment over the file."""

    model_config = SettingsConfigDict(
        env_prefix="CLEARWAY_", env_file="clearway.env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    data_dir: Path = Field(default=Path("var"), description="Folder of all state: registry, index, journal, log, keys.")
    database: Annotated[str, Field(repr=False)] = Field(
        default="",
        description="URL of the PostgreSQL database that holds record and log of several nodes; empty: both are files.",
    )
    database_pool: Annotated[int, Field(ge=2, le=100)] = Field(
        default=5, description="Connections to that database that one process keeps for each of the two, at most."
    )
    listen: str = Field(default="127.0.0.1:50051", description="HOST:PORT to serve on; port 0 picks a free one.")
    web_listen: str = Field(
        default="",
        description="HOST:PORT on loopback for JSON over HTTP; empty: none is served.",
    )
    web_origins: str = Field(
        default="",
        description="Origins, parted by commas, whose pages may call over HTTP, and under which it is reached itself.",
    )
    catalogue: str = Field(default="cn-demo", description="Name of a shipped edition, or the path of an edition file.")
    workers: Annotated[int, Field(ge=1, le=64)] = Field(default=1, description="Worker processes on the one port.")
    authority: str = Field(
        default="DEMO-LICENSING",
        description="Catalogue code of the authority that an unauthenticated loopback caller acts for.",
    )
    access: Path | None = Field(
        default=None,
        description="File that says who may call and what each may do; empty: on loopback, everybody may everything.",
    )
    retention: Path | None = Field(
        default=None,
        description="File of the rules by which `clearway log erase` lets recorded checks go; empty: all are kept.",
    )
    tls_certificate: Path | None = Field(
        default=None, description="The service's certificate chain, PEM; goes with `tls_key`. Empty: no TLS."
    )
    tls_key: Path | None = Field(default=None, description="The private key of `tls_certificate`, PEM, unencrypted.")
    tls_client_ca: Path | None = Field(
        default=None,
        description="Authorities, PEM, one of which must have signed the certificate of whoever connects; empty: none.",
    )
    language: Literal["en", "zh-CN"] = Field(
        default="en", description="Language of answers to callers that ask for none by `accept-language`."
    )
    max_index_age: Annotated[float, Field(gt=0)] = Field(
        default=300.0, description="Seconds out of step with the registry after which answers are undetermined."
    )
    max_in_flight: Annotated[int, Field(ge=1)] = Field(
        default=2048, description="Calls in flight per worker; one more is refused with OVERLOADED."
    )
    max_streams: Annotated[int, Field(ge=1)] = Field(
        default=128, description="Streams of `WatchCases` per worker; one more is refused with OVERLOADED."
    )
    max_message_bytes: Annotated[int, Field(ge=1024)] = Field(
        default=1024 * 1024, description="Largest request message, in bytes."
    )
    max_connection_age: Annotated[float, Field(gt=0)] = Field(
        default=300.0, description="Seconds after which a connection is asked to reconnect, so that load spreads."
    )
    retry_window: Annotated[float, Field(ge=0)] = Field(
        default=3600.0, description="Seconds for which a repeated request_id gets its recorded answer."
    )
    follow_interval: Annotated[float, Field(gt=0)] = Field(
        default=0.05, description="Seconds between looks of the follower at the registry."
    )
    ship_interval: Annotated[float, Field(gt=0)] = Field(
        default=0.25, description="Seconds between looks of the shipper at the journals."
    )
    log_durability: Literal["local", "central"] = Field(
        default="local",
        description="When a check counts as recorded: on the node's disk, or in the PostgreSQL database of all nodes.",
    )
    drain_seconds: Annotated[float, Field(ge=0)] = Field(
        default=10.0, description="Seconds that calls in flight get to finish after SIGTERM."
    )
    subject_key: Annotated[str, Field(repr=False)] = Field(
        default="",
        description="The 32-byte key of subject hashes, 64 hex digits; empty: the first line of the file "
        "keys/subject.key, made at first start, whose other lines are former keys.",
    )
    former_subject_keys: Annotated[str, Field(repr=False)] = Field(
        default="",
        description="Keys that subject_key was before, separated by commas: what was hashed with them is still found.",
    )
    view_key: Annotated[str, Field(repr=False)] = Field(
        default="",
        description="The 32-byte key of view tokens, 64 hex digits, the same on every node; empty: the file "
        "keys/view.key, made at first start.",
    )
    view_minutes: Annotated[int, Field(ge=1, le=720)] = Field(
        default=30, description="Minutes for which a view token lets a page show its check."
    )
    log_key: Annotated[str, Field(repr=False)] = Field(
        default="",
        description="The key that signs the log's checkpoints, PRIVATE+KEY+NAME+HINT+KEY; empty: the file "
        "keys/log.key, made at first start.",
    )
    log_origin: str = Field(
        default="", description="The log's name where its key is made; empty: clearway.local/ and a random number."
    )
    log_witnesses: Path | None = Field(
        default=None, description="File of the witnesses' keys, one a line, whose cosignatures are kept; empty: none."
    )
    log_public: bool = Field(
        default=False,
        description="Whether the published tree over the log may be read without credentials, over HTTP and gRPC.",
    )
    checkpoint_interval: Annotated[float, Field(gt=0)] = Field(
        default=1.0, description="Seconds between checkpoints of a log that grows."
    )
    console_idle_minutes: Annotated[int, Field(ge=1, le=1440)] = Field(
        default=30, description="Minutes without a page after which a session of the auditor's console is over."
    )
    console_hours: Annotated[int, Field(ge=1, le=24)] = Field(
        default=8, description="Hours after which a session of the auditor's console is over, however busy."
    )
    console_address: str = Field(
        default="",
        description="Origin under which browsers reach the auditor's console, such as https://clearway.example; needed "
        "for sign-in at an issuer's page.",
    )
    console_oidc_issuer: str = Field(
        default="",
        description="The issuer at whose page auditors may sign in to the console (OpenID Connect); empty: none.",
    )
    console_oidc_client_id: str = Field(default="", description="What that issuer calls the console.")
    console_oidc_client_secret: Annotated[str, Field(repr=False)] = Field(
        default="",
        description="The secret that it knows the console by; empty: the file keys/oidc.secret, or none where there is "
        "no such file.",
    )
    console_oidc_scopes: str = Field(default="openid", description="Scopes that are asked for, parted by spaces.")
    console_oidc_token: Literal["access_token", "id_token"] = Field(
        default="access_token",
        description="Which of the issuer's tokens a session keeps and the service judges by its access file.",
    )
    console_oidc_ca: Path | None = Field(
        default=None,
        description="Authorities, PEM, by which that issuer's certificate is judged; empty: the system's.",
    )
    feeds: Path | None = Field(
        default=None, description="File that says which feeds are read, from where and how often; empty: none."
    )
    webhooks: Path | None = Field(
        default=None, description="File that says which endpoints are told of changes in pending cases; empty: none."
    )
    outcome_due_days: Annotated[int, Field(ge=1)] = Field(
        default=30, description="Days after a check by which its case's outcome should have been reported."
    )
    case_open_days: Annotated[int, Field(ge=1)] = Field(
        default=365, description="Days for which a checked case without a final outcome is taken for pending."
    )
    metrics_listen: str = Field(
        default="", description="HOST:PORT on loopback for Prometheus metrics; empty: none are served."
    )
    traces_endpoint: str = Field(
        default="",
        description="Where traces are sent, http://HOST:PORT or https://HOST:PORT of an OTLP collector over gRPC; "
        "empty: what OpenTelemetry's own OTEL_EXPORTER_OTLP_ENDPOINT says, else nothing is traced.",
    )
    traces_sample: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.01, description="Share of the calls without a trace of their caller's that are traced, 0 to 1."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe level of the structured logs."
    )

    @field_validator("listen", "metrics_listen", "web_listen")
    @classmethod
    def _host_and_port(cls, listen: str, info: ValidationInfo) -> str:
        if not listen and info.field_name != "listen":
            return listen
        host, _, port = listen.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError(f"{info.field_name} must be HOST:PORT")
        if info.field_name != "listen" and not is_loopback(host.strip("[]")):
            raise ValueError(f"{info.field_name} has no TLS of its own: only a loopback address may be served")
        return listen

    @model_validator(mode="before")
    @classmethod
    def _as_opentelemetry_says(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Where nothing is said of the collector here, what is said of it to every program of the machine."""
        found = next((os.environ[name] for name in COLLECTOR if os.environ.get(name)), "")
        return {"traces_endpoint": found} | given

    @field_validator("traces_endpoint")
    @classmethod
    def _collector(cls, endpoint: str) -> str:
        if endpoint and not re.fullmatch(r"https?://([A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\]):\d{1,5}/?", endpoint):
            raise ValueError("traces_endpoint must be http://HOST:PORT or https://HOST:PORT, and nothing else")
        return endpoint

    @field_validator("web_origins")
    @classmethod
    def _origins(cls, given: str) -> str:
        for origin in filter(None, (part.strip() for part in given.split(","))):
            if not ORIGIN.fullmatch(origin):
                raise ValueError("an origin is scheme://host or scheme://host:port, in lower case, without a path")
        return given

    @model_validator(mode="after")
    def _nobody_unknown_from_outside(self) -> Self:
        """Half-given TLS, and a listener that strangers reach, are refused; the text says what is missing."""
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError(f"TLS is half given: {missing(self, 'tls_certificate', 'tls_key')}")
        if self.tls_client_ca is not None and self.tls_certificate is None:
            raise ValueError(f"tls_client_ca without TLS: {missing(self, 'tls_certificate', 'tls_key')}")
        if self.tls_certificate is not None and self.access is None:
            raise ValueError(f"TLS without anybody who may call: {missing(self, 'access')}")
        if not is_loopback(self.host.strip("[]")) and (self.tls_certificate is None or self.access is None):
            needed = missing(self, "tls_certificate", "tls_key", "access")
            raise ValueError(f"{self.listen} is reached from other machines, so callers must be identified: {needed}")
        return self

    @model_validator(mode="after")
    def _a_whole_way_to_sign_in(self) -> Self:
        """Sign-in at an issuer's page is given whole, over TLS, and comes back to an address of ours."""
        if not self.console_oidc_issuer:
            return self
        if not self.console_oidc_client_id or not self.console_address:
            raise ValueError("console_oidc_issuer needs console_oidc_client_id and console_address")
        for name in ("console_oidc_issuer", "console_address"):
            address = urlsplit(getattr(self, name))
            if address.scheme != "https" and not (address.scheme == "http" and is_loopback(address.hostname or "")):
                raise ValueError(f"{name} must be an https:// address")
        known = is_loopback(urlsplit(self.console_address).hostname or "")
        if not ORIGIN.fullmatch(self.console_address) or not (known or self.console_address in self.origins):
            raise ValueError("console_address must be one of web_origins")
        if "openid" not in self.console_oidc_scopes.split():
            raise ValueError("console_oidc_scopes must have openid among them")
        return self

    @field_validator("database")
    @classmethod
    def _postgresql_or_nothing(cls, url: str) -> str:
        try:
            if url and not is_postgresql(url):
                raise ValueError("database must be the URL of a PostgreSQL database: postgresql://USER@HOST/DATABASE")
        except UnsupportedDatabase as fault:
            # Without what was given: it may hold a password.
            raise ValueError(str(fault)) from None
        return url

    @field_validator("log_durability")
    @classmethod
    def _central_needs_a_database(cls, durability: str, info: ValidationInfo) -> str:
        if durability == "central" and not info.data.get("database"):
            raise ValueError("log_durability central needs a database: without one, the log is a file on this node")
        return durability

    @field_validator("subject_key", "view_key")
    @classmethod
    def _key_length(cls, key: str, info: ValidationInfo) -> str:
        if key and (len(key) != 64 or not set(key.lower()) <= set("0123456789abcdef")):
            raise ValueError(f"{info.field_name} must be 64 hex digits")
        return key

    @field_validator("former_subject_keys")
    @classmethod
    def _key_lengths(cls, keys: str, info: ValidationInfo) -> str:
        for key in separated(keys):
            cls._key_length(key, info)
        return keys

    @field_validator("log_key")
    @classmethod
    def _signing_key(cls, key: str) -> str:
        try:
            if key:
                parse_signer(key)
        except NoteInvalid as fault:
            # Without what was given: it is a secret.
            raise ValueError(str(fault)) from None
        return key

    @field_validator("log_origin")
    @classmethod
    def _name_of_a_log(cls, origin: str) -> str:
        if origin and not is_origin(origin):
            raise ValueError("log_origin has neither spaces nor plus signs")
        return origin

    @property
    def tree_dir(self) -> Path:
        """The folder of the log's tree: tiles, bundles and the latest checkpoint."""
        return self.data_dir / TREE_FOLDER

    @property
    def verification_file(self) -> Path:
        """Where `clearway log verify` keeps what came of it."""
        return self.data_dir / VERIFICATION_FILE

    @property
    def host(self) -> str:
        """The address to serve on."""
        return self.listen.rpartition(":")[0]

    @property
    def port(self) -> int:
        """The port to serve on; 0 picks a free one."""
        return int(self.listen.rpartition(":")[2])

    @property
    def node_name(self) -> str:
        """What this node is called in the database: `clearway@HOST:PORT`, within PostgreSQL's 63 bytes."""
        return f"clearway@{socket.gethostname()[:45]}:{self.port}"

    @property
    def metrics_address(self) -> tuple[str, int] | None:
        """Where metrics are served, or None where they are not."""
        host, _, port = self.metrics_listen.rpartition(":")
        return (host.strip("[]"), int(port)) if host else None

    @property
    def origins(self) -> frozenset[str]:
        """The origins whose pages may call over HTTP."""
        return frozenset(separated(self.web_origins))

    @property
    def former_keys(self) -> tuple[str, ...]:
        """The former subject keys that are given, as hex digits."""
        return separated(self.former_subject_keys)

    @property
    def worker_names(self) -> tuple[str, ...]:
        """What the node's workers are called."""
        return tuple(f"worker-{number}" for number in range(1, self.workers + 1))

    @property
    def journals(self) -> Path:
        """The folder of the workers' journals."""
        return self.data_dir / JOURNAL_DIRECTORY

    @property
    def feeds_dir(self) -> Path:
        """The folder of lists that wait for a person, and of what is being read."""
        return self.data_dir / "feeds"

    @property
    def registry_url(self) -> str:
        """The registry's database, as SQLAlchemy names it."""
        return self.database or f"sqlite:///{self.data_dir.resolve() / 'registry.db'}"

    @property
    def log_file(self) -> Path:
        """The central log's file, where it is embedded."""
        return self.data_dir / LOG_FILE

    @property
    def central_log(self) -> Path | str:
        """Where the central log is: a file, or the URL of a database."""
        return self.database or self.log_file

    def redacted(self) -> dict[str, str]:
        """Every setting as text, secrets withheld: what `serve` prints at start."""
        shown = {name: str(value) for name, value in self}
        shown["database"] = redacted_url(self.database) if self.database else "(embedded)"
        for key in ("subject_key", "view_key", "log_key", "console_oidc_client_secret"):
            shown[key] = "(given)" if getattr(self, key) else "(file)"
        shown["former_subject_keys"] = f"({len(self.former_keys)} given)"
        return shown


def separated(text: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(filter(None, (part.strip() for part in text.split(","))))


def missing(settings: Settings, *names: str) -> str:
    """Which of these settings are still to be given."""
    return "set " + ", ".join(f"CLEARWAY_{name.upper()}" for name in names if getattr(settings, name) is None)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address; no name but `localhost` is looked up to find out."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
