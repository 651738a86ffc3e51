"""Keyed hashes of codes and names: what the index looks up, and what is stored in place of a person's number."""

from __future__ import annotations

from hashlib import blake2b

from clearway.subjects.identifiers import Identifier
from clearway.subjects.text import normalise_name

SECRET_BYTES = 32
KEY_BYTES = 16


class SubjectKeys:
    """Hashes under one secret. Equal input gives equal keys under the same secret, unrelated ones under another.

    Every use has its own BLAKE2b personalisation, so that a key made for one purpose says nothing for another.
    """

    __slots__ = ("_by_identifier", "_by_name", "_by_token", "fingerprint")

    _by_identifier: blake2b
    _by_name: blake2b
    _by_token: blake2b
    fingerprint: str
    """16 hexadecimal signs that tell one secret from another without revealing it."""

    def __init__(self, secret: bytes) -> None:
        """`secret` is 32 random bytes; any other length is a ValueError."""
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"the subject key must have {SECRET_BYTES} bytes, not {len(secret)}")
        fingerprint = blake2b(key=secret, digest_size=8, person=b"clearway.print").hexdigest()
        object.__setattr__(self, "fingerprint", fingerprint)
        for slot, purpose in (
            ("_by_identifier", b"clearway.code"),
            ("_by_name", b"clearway.name"),
            ("_by_token", b"clearway.token"),
        ):
            object.__setattr__(self, slot, blake2b(key=secret, digest_size=KEY_BYTES, person=purpose))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"SubjectKeys is frozen: {name}")

    def __repr__(self) -> str:
        return f"SubjectKeys(fingerprint={self.fingerprint!r})"

    def identifier_key(self, scheme: str, value: str) -> bytes:
        """16 bytes for a scheme and a normalised code; no scheme name has the NUL that parts them."""
        keyed = self._by_identifier.copy()
        keyed.update(f"{scheme}\0{value}".encode("utf-8", "surrogatepass"))
        return keyed.digest()

    def name_key(self, name: str) -> bytes:
        """16 bytes for a name, which is normalised first: two writings of it have one key."""
        keyed = self._by_name.copy()
        keyed.update(normalise_name(name).encode("utf-8", "surrogatepass"))
        return keyed.digest()

    def token(self, identifier: Identifier) -> str:
        """32 hexadecimal signs that stand for a natural person's number wherever it would be stored."""
        keyed = self._by_token.copy()
        keyed.update(f"{identifier.scheme}\0{identifier.value}".encode("utf-8", "surrogatepass"))
        return keyed.hexdigest()
