"""The server's side of TLS: its certificate, and whose certificates it takes; read again whenever the files change.

gRPC asks for the certificates of every new connection, so that a renewed certificate or another authority is in use
from the next handshake on. Connections that there are go on, at most as long as `max_connection_age` lets them.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import cast

import grpc
import structlog

from clearway.server.files import Stamp, stamp_of
from clearway.server.settings import Settings

_log = structlog.get_logger(__name__)


class TLSUnusable(Exception):
    """The files cannot be used; the text says which, and why."""


class ServerTLS:
    """The TLS files of one listener. gRPC calls it from threads of its own, one at a time for each handshake."""

    def __init__(self, settings: Settings) -> None:
        """Raises `TLSUnusable`."""
        if settings.tls_certificate is None or settings.tls_key is None:
            raise TLSUnusable("there is no TLS without tls_certificate and tls_key")
        self._certificate, self._key, self._client_ca = (
            settings.tls_certificate,
            settings.tls_key,
            settings.tls_client_ca,
        )
        self._stamps = self._looked_at()
        self._first = self._load()

    def credentials(self) -> grpc.ServerCredentials:
        """What a port is served with. With `tls_client_ca` whoever connects must show a certificate that it signed."""
        return grpc.dynamic_ssl_server_credentials(
            self._first,
            # Its stubs do not know that None, "no change", may be given.
            cast("Callable[[], grpc.ServerCertificateConfiguration]", self._renewed),
            require_client_authentication=self._client_ca is not None,
        )

    def _renewed(self) -> grpc.ServerCertificateConfiguration | None:
        """The files' certificates where they have changed; None: those in use stay.

        Files in the middle of being replaced (one is missing, the key is not the certificate's) change nothing.
        """
        stamps = self._looked_at()
        if stamps == self._stamps:
            return None
        self._stamps = stamps
        try:
            renewed = self._load()
        except TLSUnusable as fault:
            _log.error("tls_files_unusable", why=str(fault))
            return None
        _log.info("tls_files_read")
        return renewed

    def _looked_at(self) -> tuple[Stamp, ...]:
        files = (self._certificate, self._key, self._client_ca)
        return tuple(stamp_of(file) for file in files if file is not None)

    def _load(self) -> grpc.ServerCertificateConfiguration:
        self._prove()
        roots = None if self._client_ca is None else read(self._client_ca)
        return grpc.ssl_server_certificate_configuration([(read(self._key), read(self._certificate))], roots)

    def _prove(self) -> None:
        """Raise `TLSUnusable` where files cannot be used: gRPC itself would only fail every handshake."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            # The empty password keeps an encrypted key from asking for one on a terminal.
            context.load_cert_chain(self._certificate, self._key, password=lambda: b"")
        except ssl.SSLError as fault:
            raise TLSUnusable(f"tls_certificate and tls_key cannot be used: {fault.reason or 'no PEM'}") from None
        except OSError as fault:
            raise TLSUnusable(f"tls_certificate or tls_key cannot be read: {fault.strerror}") from None
        try:
            if self._client_ca is not None:
                context.load_verify_locations(cafile=self._client_ca)
        except ssl.SSLError as fault:
            raise TLSUnusable(f"tls_client_ca cannot be used: {fault.reason or 'no PEM'}") from None
        except OSError as fault:
            raise TLSUnusable(f"tls_client_ca cannot be read: {fault.strerror}") from None


def read(file: Path) -> bytes:
    """The file. Raises `TLSUnusable`."""
    try:
        return file.read_bytes()
    except OSError as fault:
        raise TLSUnusable(f"{file.name} cannot be read: {fault.strerror}") from None
