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


HERE = "IP:127.0.0.1,DNS:localhost"


def make_certificate(folder: Path, name: str, authority: Authority, alternatives: str = HERE) -> tuple[Path, Path]:
    """A certificate signed by the authority, for 127.0.0.1 and localhost unless others are named, and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    names = ("-addext", f"subjectAltName={alternatives}")
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
