"""Certificates for tests, made by openssl: an authority, and what it signs for 127.0.0.1."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple


class Authority(NamedTuple):
    """A certificate authority of a test's own."""

    certificate: Path
    key: Path


def make_authority(folder: Path, name: str) -> Authority:
    """A self-signed authority."""
    authority = Authority(folder / f"{name}.pem", folder / f"{name}.key")
    new = ("req", "-x509", *NEW_KEY, "-subj", f"/CN={name}", "-days", "2")
    openssl(*new, "-out", authority.certificate, "-keyout", authority.key)
    return authority


def make_certificate(folder: Path, name: str, authority: Authority) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and localhost, signed by the authority, and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    names = ("-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")
    signed = ("-CA", authority.certificate, "-CAkey", authority.key)
    openssl(
        *("req", "-x509", *NEW_KEY, "-subj", f"/CN={name}", "-days", "2"),
        *(*names, *signed, "-out", certificate, "-keyout", key),
    )
    return certificate, key


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def openssl(*arguments: str | Path) -> None:
    """Run openssl; its own words where it fails."""
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
