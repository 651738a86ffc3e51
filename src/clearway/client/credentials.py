"""Files that credentials come from, read again when they change: certificates, keys, tokens."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc

from clearway.client.config import TLSConfig

log = logging.getLogger("clearway.client")

Stamp = tuple[int, int, int]
Stamps = tuple[Stamp | None, ...]


def stamp_of(file: Path) -> Stamp | None:
    """What changes when a file is written or replaced: modification time, size, inode. None where it is missing."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


@dataclass(frozen=True, slots=True)
class LoadedTLS:
    """Credentials, and the state of the files they were read from."""

    credentials: grpc.ChannelCredentials
    stamps: Stamps


class TLSFiles:
    """The credentials of a `TLSConfig`, made anew when its files have changed."""

    def __init__(self, config: TLSConfig) -> None:
        """Raises OSError where a file cannot be read, ValueError where what it holds cannot be used."""
        self._config = config
        parts = (config.server_root_ca_cert, config.client_cert, config.client_private_key)
        self._files = tuple(part for part in parts if isinstance(part, Path))
        self.loaded = self._load()
        self._unusable: Stamps | None = None

    def changed(self) -> bool:
        """Load the files again where they have changed, and say whether that gave new credentials.

        Files in the middle of being replaced (one is missing, the key is not the certificate's) leave the old
        credentials in use, with a warning; they are looked at again when they change again.
        """
        stamps = self._stamps()
        if stamps in (self.loaded.stamps, self._unusable):
            return False
        try:
            self.loaded = self._load()
        except (OSError, ValueError) as fault:
            self._unusable = stamps
            log.warning("TLS files have changed and cannot be used (%s); the old ones stay", type(fault).__name__)
            return False
        return True

    def _stamps(self) -> Stamps:
        return tuple(stamp_of(file) for file in self._files)

    def _load(self) -> LoadedTLS:
        stamps = self._stamps()
        config = self._config
        roots, chain = content(config.server_root_ca_cert), content(config.client_cert)
        key = content(config.client_private_key)
        self._prove()
        credentials = grpc.ssl_channel_credentials(root_certificates=roots, private_key=key, certificate_chain=chain)
        return LoadedTLS(credentials, stamps)

    def _prove(self) -> None:
        """Raise ValueError where files cannot be used: gRPC itself would say so only by never connecting."""
        config, context = self._config, ssl.create_default_context()
        try:
            if isinstance(config.server_root_ca_cert, Path):
                context.load_verify_locations(cafile=config.server_root_ca_cert)
            if isinstance(config.client_cert, Path) and isinstance(config.client_private_key, Path):
                # The empty password keeps an encrypted key from asking for one on a terminal.
                context.load_cert_chain(config.client_cert, config.client_private_key, password=lambda: b"")
        except ssl.SSLError as fault:
            raise ValueError(f"the TLS files cannot be used: {fault.reason or fault}") from None


def content(part: bytes | Path | None) -> bytes | None:
    """The bytes themselves, or those of the file."""
    return part.read_bytes() if isinstance(part, Path) else part


class TokenFile:
    """A bearer token in a file, read again when the file changes."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stamp: Stamp | None = None
        self._token = ""

    def __call__(self) -> str:
        """The token. Where the file is missing or empty by now, the last one; raises OSError where there was none."""
        stamp = stamp_of(self._file)
        if stamp != self._stamp or not self._token:
            self._stamp = stamp
            self._read()
        return self._token

    def _read(self) -> None:
        try:
            token = self._file.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            token = ""
        if token:
            self._token = token
        elif not self._token:
            raise FileNotFoundError("the token file holds no token")
        else:
            log.warning("the token file cannot be read any more; the last token stays")
