"""The installation's secret key of subject hashes: from the settings, or a file made at first start."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from clearway.server.settings import Settings
from clearway.subjects.keys import SubjectKeys

KEY_FILE = Path("keys", "subject.key")
"""In the data folder."""


class KeyUnreadable(Exception):
    """The key file exists but does not hold 64 hex digits."""


def load_keys(settings: Settings) -> SubjectKeys:
    """The installation's subject keys. Makes `keys/subject.key` (mode 0600) where neither setting nor file has one."""
    if settings.subject_key:
        return SubjectKeys(bytes.fromhex(settings.subject_key))
    path = settings.data_dir / KEY_FILE
    if not path.exists():
        make_key(path)
    text = path.read_text().strip()
    try:
        return SubjectKeys(bytes.fromhex(text))
    except ValueError as fault:
        raise KeyUnreadable(f"{path} does not hold a key of 64 hex digits") from fault


def make_key(path: Path) -> None:
    """Write a new random key, whole or not at all; where another process was first, its key stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_suffix(f".{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()
