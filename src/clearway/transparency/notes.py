"""Signed notes, by C2SP signed-note: a text, and under it a line for each signature; keys as they are written down.

Two kinds of signature are known: a log's own (Ed25519 over the text), and a witness's cosignature/v1 (C2SP
tlog-cosignature: Ed25519 over a time and the text). The signing itself is the `cryptography` library's.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LONGEST_NOTE = 1_000_000
MOST_SIGNATURES = 100
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_TIME_BYTES = 8
_PRIVATE = "PRIVATE+KEY+"
_VKEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")


class NoteInvalid(ValueError):
    """The bytes are no signed note, or no key, or a signature does not hold."""


class Algorithm(IntEnum):
    """How a key signs."""

    ED25519 = 1
    COSIGNATURE_V1 = 4


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature's line: who signed, the hint at the key (4 bytes), and the bytes."""

    name: str
    key_id: bytes
    raw: bytes

    @property
    def line(self) -> str:
        """As it stands under the text."""
        return f"— {self.name} {base64.b64encode(self.key_id + self.raw).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends with a newline, and what is signed of it."""

    text: str
    signatures: tuple[Signature, ...]

    @property
    def raw(self) -> bytes:
        """As it is stored and sent."""
        return (self.text + "\n" + "".join(one.line for one in self.signatures)).encode()


def parse_note(raw: bytes) -> Note:
    """The note in these bytes; nothing is verified. Raises `NoteInvalid`."""
    if len(raw) > LONGEST_NOTE:
        raise NoteInvalid("the note is too long")
    try:
        whole = raw.decode()
    except UnicodeDecodeError:
        raise NoteInvalid("the note is not UTF-8") from None
    text, found, lines = whole.rpartition("\n\n")
    if not found or not lines.endswith("\n") or _CONTROL.search(whole):
        raise NoteInvalid("a note is a text, an empty line, and lines of signatures")
    signed = lines[:-1].split("\n")
    if len(signed) > MOST_SIGNATURES:
        raise NoteInvalid("the note has too many signatures")
    return Note(text + "\n", tuple(parse_signature(line) for line in signed))


def parse_signature(line: str) -> Signature:
    """One signature's line, without its newline. Raises `NoteInvalid`."""
    mark, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    raw = _decoded(encoded)
    if mark != "—" or not _is_name(name) or len(raw) <= 4:
        raise NoteInvalid("this is no line of a signature")
    return Signature(name, raw[:4], raw[4:])


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key: whose, how it signs, and its 32 bytes."""

    name: str
    algorithm: Algorithm
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The hint by which a signature names the key."""
        return sha256(f"{self.name}\n".encode() + bytes([self.algorithm]) + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        """The key as it is handed out: `NAME+HINT+KEY`."""
        encoded = base64.b64encode(bytes([self.algorithm]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def made(self, signature: Signature) -> bool:
        """Whether the signature says that it is this key's."""
        return signature.name == self.name and signature.key_id == self.key_id

    def verify(self, text: str, signature: Signature) -> None:
        """Raise `NoteInvalid` where the signature is not this key's over that text."""
        message, raw = text.encode(), signature.raw
        if self.algorithm is Algorithm.COSIGNATURE_V1:
            message, raw = f"cosignature/v1\ntime {cosigned_at(signature)}\n".encode() + message, raw[_TIME_BYTES:]
        if not self.made(signature) or len(raw) != _SIGNATURE_BYTES:
            raise NoteInvalid("the signature is another key's")
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(raw, message)
        except (InvalidSignature, ValueError):
            raise NoteInvalid(f"the signature of {self.name} does not hold") from None


def parse_vkey(text: str) -> Verifier:
    """A public key as it is handed out. Raises `NoteInvalid`."""
    found = _VKEY.fullmatch(text.strip())
    raw = _decoded(found[3]) if found else b""
    if found is None or len(raw) != 1 + _KEY_BYTES or raw[0] not in set(Algorithm):
        raise NoteInvalid("this is no verifier key: NAME+HINT+KEY, of Ed25519 or of cosignature/v1")
    verifier = Verifier(found[1], Algorithm(raw[0]), raw[1:])
    if verifier.key_id.hex() != found[2]:
        raise NoteInvalid("the key's hint does not fit its name and bytes")
    return verifier


def verified(note: Note, verifiers: Sequence[Verifier]) -> tuple[Verifier, ...]:
    """The keys among these that signed the note. Raises `NoteInvalid` where a signature of one of them is false."""
    found: list[Verifier] = []
    for signature in note.signatures:
        for verifier in verifiers:
            if verifier.made(signature):
                verifier.verify(note.text, signature)
                found.append(verifier)
    return tuple(dict.fromkeys(found))


def cosigned_at(signature: Signature) -> int:
    """When a witness signed, in seconds since 1970, as its cosignature/v1 says."""
    return int.from_bytes(signature.raw[:_TIME_BYTES], "big")


@dataclass(frozen=True, slots=True)
class Signer:
    """A log's private key."""

    name: str
    seed: bytes

    def __repr__(self) -> str:
        return f"Signer({self.name!r})"

    @property
    def verifier(self) -> Verifier:
        """Its public half."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return Verifier(self.name, Algorithm.ED25519, public)

    @property
    def secret(self) -> str:
        """The key as it is kept: `PRIVATE+KEY+NAME+HINT+KEY`."""
        encoded = base64.b64encode(bytes([Algorithm.ED25519]) + self.seed).decode()
        return f"{_PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{encoded}"

    def sign(self, text: str) -> Signature:
        """The signature over a text."""
        private = Ed25519PrivateKey.from_private_bytes(self.seed)
        own = Verifier(self.name, Algorithm.ED25519, private.public_key().public_bytes_raw())
        return Signature(self.name, own.key_id, private.sign(text.encode()))


def parse_signer(text: str) -> Signer:
    """A private key as it is kept. Raises `NoteInvalid`, without what was given."""
    kept = text.strip()
    found = _VKEY.fullmatch(kept.removeprefix(_PRIVATE)) if kept.startswith(_PRIVATE) else None
    raw = _decoded(found[3]) if found else b""
    if found is None or len(raw) != 1 + _KEY_BYTES or raw[0] != Algorithm.ED25519:
        raise NoteInvalid("this is no signing key: PRIVATE+KEY+NAME+HINT+KEY, of Ed25519")
    signer = Signer(found[1], raw[1:])
    if signer.verifier.key_id.hex() != found[2]:
        raise NoteInvalid("the signing key's hint does not fit its name and bytes")
    return signer


def is_origin(name: str) -> bool:
    """Whether a log may go by that name: no space, no plus sign."""
    return _is_name(name)


def _is_name(name: str) -> bool:
    return bool(name) and not any(sign.isspace() or sign == "+" for sign in name)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteInvalid("this is not base64") from None
