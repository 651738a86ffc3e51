"""The installation's secret keys: each from the settings, or from a file made at first start."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from clearway.server.settings import Settings
from clearway.subjects.keys import SubjectKeys
from clearway.transparency.notes import Note, NoteInvalid, Signer, Verifier, parse_signer, parse_vkey

KEY_FILE = Path("keys", "subject.key")
"""In the data folder."""
KEY_BYTES = 32


class KeyUnreadable(Exception):
    """A file of keys exists but does not hold any. The text says which file, and nothing of what is in it."""


def load_keys(settings: Settings) -> SubjectKeys:
    """The installation's subject keys: the current one and the former ones, in that order, each once.

    The setting, or else the lines of `keys/subject.key` (made, with mode 0600, where neither is there); behind them the
    former ones of the settings. Raises `KeyUnreadable`.
    """
    path = settings.data_dir / KEY_FILE
    if settings.subject_key:
        secrets_given = [bytes.fromhex(settings.subject_key)]
    else:
        if not path.exists():
            make_key(path, secrets.token_hex(KEY_BYTES))
        secrets_given = secrets_in(path)
    # A key that was made the current one is often left among the former ones, here or there.
    current, *former = dict.fromkeys([*secrets_given, *map(bytes.fromhex, settings.former_keys)])
    return SubjectKeys(current, *former)


def secrets_in(path: Path) -> list[bytes]:
    """The keys of the file, one a line, empty lines and those that begin with # passed over. Raises `KeyUnreadable`."""
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
        found = [bytes.fromhex(line) for line in lines if line and not line.startswith("#")]
    except ValueError as fault:
        raise KeyUnreadable(f"{path} does not hold keys of 64 hex digits, one a line") from fault
    if not found or any(len(one) != KEY_BYTES for one in found):
        raise KeyUnreadable(f"{path} does not hold keys of 64 hex digits, one a line")
    return found


def renew_subject_key(settings: Settings) -> SubjectKeys:
    """Make another subject key, the current one from now on; those there were are the former ones, in the same file.

    Raises `KeyUnreadable`, also where the current key is in the settings: it is renewed there.
    """
    if settings.subject_key:
        raise KeyUnreadable("the subject key is in the settings: put another there, and this one with the former ones")
    load_keys(settings)
    path = settings.data_dir / KEY_FILE
    renewed = "\n".join([secrets.token_hex(KEY_BYTES), *(one.hex() for one in secrets_in(path))])
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    make_key(beside, renewed)
    os.replace(beside, path)
    return load_keys(settings)


def load_view_key(settings: Settings) -> bytes:
    """The key of view tokens. Makes `keys/view.key` (mode 0600) where neither setting nor file has one."""
    return secret(settings.view_key, settings.data_dir / "keys" / "view.key")


def load_oidc_secret(settings: Settings) -> str:
    """The secret that the issuer knows the console by; empty where it has none. Raises `KeyUnreadable`."""
    path = settings.data_dir / "keys" / "oidc.secret"
    if settings.console_oidc_client_secret or not path.exists():
        return settings.console_oidc_client_secret
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise KeyUnreadable(f"{path} does not hold the secret of the console's sign-in") from fault


def secret(given: str, path: Path) -> bytes:
    """The 32 bytes given as hex digits, or those of the file. Raises `KeyUnreadable`."""
    if given:
        return bytes.fromhex(given)
    if not path.exists():
        make_key(path, secrets.token_hex(KEY_BYTES))
    try:
        found = bytes.fromhex(path.read_text().strip())
    except ValueError as fault:
        raise KeyUnreadable(f"{path} does not hold a key of 64 hex digits") from fault
    if len(found) != KEY_BYTES:
        raise KeyUnreadable(f"{path} does not hold a key of 64 hex digits")
    return found


def load_signer(settings: Settings) -> Signer:
    """The key that signs the log. Makes `keys/log.key` (mode 0600) where neither setting nor file has one."""
    if settings.log_key:
        return parse_signer(settings.log_key)
    path = log_key_file(settings)
    if not path.exists():
        origin = settings.log_origin or f"clearway.local/{secrets.token_hex(8)}"
        make_key(path, Signer(origin, secrets.token_bytes(32)).secret)
    try:
        return parse_signer(path.read_text())
    except (NoteInvalid, UnicodeDecodeError) as fault:
        raise KeyUnreadable(f"{path} does not hold the log's signing key") from fault


def renew_signer(settings: Settings, origin: str) -> tuple[Signer, Signer | None]:
    """Make another key that signs the log, under that name, and give the old one too.

    The old file stays beside the new one as `log.key.HINT`. A key in the settings is renewed there, and given as it is;
    the one before it is not known here. Raises `KeyUnreadable`.
    """
    old = load_signer(settings)
    if settings.log_key:
        return old, None
    path = log_key_file(settings)
    renewed = Signer(origin or old.name, secrets.token_bytes(32))
    os.rename(path, earlier_key_file(settings, old))
    make_key(path, renewed.secret)
    return renewed, old


def keep_handover(settings: Settings, old: Signer, handover: Note) -> Path:
    """Put what the old key says of the new one beside the old one's file; where it is. Nothing in it is secret."""
    path = earlier_key_file(settings, old)
    path = path.with_name(f"{path.name}.handover")
    path.write_bytes(handover.raw)
    return path


def earlier_key_file(settings: Settings, old: Signer) -> Path:
    """Where a key that signed the log earlier is kept."""
    path = log_key_file(settings)
    return path.with_name(f"{path.name}.{old.verifier.key_id.hex()}")


def log_key_file(settings: Settings) -> Path:
    """Where the key that signs the log is kept, unless it is in the settings."""
    return settings.data_dir / "keys" / "log.key"


def load_witnesses(settings: Settings) -> tuple[Verifier, ...]:
    """The witnesses' keys: one a line, empty lines and those that begin with # passed over. Raises `KeyUnreadable`."""
    if settings.log_witnesses is None:
        return ()
    try:
        lines = [line.strip() for line in settings.log_witnesses.read_text("utf-8").splitlines()]
        return tuple(parse_vkey(line) for line in lines if line and not line.startswith("#"))
    except (OSError, UnicodeDecodeError, NoteInvalid) as fault:
        raise KeyUnreadable(f"{settings.log_witnesses} does not hold witnesses' keys, one a line") from fault


def make_key(path: Path, text: str) -> None:
    """Write a new key, whole or not at all; where another process was first, its key stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_suffix(f".{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()
