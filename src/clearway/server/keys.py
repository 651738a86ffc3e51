"""The installation's secret keys: each from the settings, or from a file made at first start."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from clearway.server.settings import Settings
from clearway.subjects.keys import SubjectKeys

KEY_FILE = Path("keys", "subject.key")
"""In the data folder."""
KEY_BYTES = 32


class KeyUnreadable(Exception):
    """The key file exists but does not hold 64 hex digits."""


def load_keys(settings: Settings) -> SubjectKeys:
    """The installation's subject keys. Makes `keys/subject.key` (mode 0600) where neither setting nor file has one."""
    return SubjectKeys(secret(settings.subject_key, settings.data_dir / KEY_FILE))


def load_view_key(settings: Settings) -> bytes:
    """The key of view tokens. Makes `keys/view.key` (mode 0600) where neither setting nor file has one."""
    return secret(settings.view_key, settings.data_dir / "keys" / "view.key")


def secret(given: str, path: Path) -> bytes:
    """The 32 bytes given as hex digits, or those of the file. Raises `KeyUnreadable`."""
    if given:
        return bytes.fromhex(given)
    if not path.exists():
        make_key(path)
    try:
        found = bytes.fromhex(path.read_text().strip())
    except ValueError as fault:
        raise KeyUnreadable(f"{path} does not hold a key of 64 hex digits") from fault
    if len(found) != KEY_BYTES:
        raise KeyUnreadable(f"{path} does not hold a key of 64 hex digits")
    return found


def make_key(path: Path) -> None:
    """Write a new random key, whole or not at all; where another process was first, its key stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_suffix(f".{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()
