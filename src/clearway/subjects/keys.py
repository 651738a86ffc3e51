"""Keyed hashes of codes and names: what the index looks up, and what is stored in place of a person's number."""

from __future__ import annotations

from hashlib import blake2b

from clearway.subjects.identifiers import Identifier
from clearway.subjects.text import normalise_name

SECRET_BYTES = 32
KEY_BYTES = 16


class SubjectKeys:
    """Hashes under one secret, the current one. Equal input gives equal keys under the same secret, unrelated ones
    under another.

    Every use has its own BLAKE2b personalisation, so that a key made for one purpose says nothing for another.
    `former` are the keys that were current before, the latest first: nothing new is hashed with them alone, and what
    was hashed with them is still found.
    """

    __slots__ = ("_by_identifier", "_by_name", "_by_token", "fingerprint", "former", "ids")

    _by_identifier: blake2b
    _by_name: blake2b
    _by_token: blake2b
    fingerprint: str
    """16 hexadecimal signs that tell one secret from another without revealing it: the key's id."""
    former: tuple[SubjectKeys, ...]
    ids: tuple[str, ...]
    """The ids of all these keys, the current one's first."""

    def __init__(self, secret: bytes, *former: bytes) -> None:
        """Secrets are 32 random bytes each, no two the same; anything else is a ValueError."""
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"the subject key must have {SECRET_BYTES} bytes, not {len(secret)}")
        if len({secret, *former}) <= len(former):
            raise ValueError("a subject key stands twice")
        fingerprint = blake2b(key=secret, digest_size=8, person=b"clearway.print").hexdigest()
        object.__setattr__(self, "fingerprint", fingerprint)
        object.__setattr__(self, "former", tuple(SubjectKeys(one) for one in former))
        object.__setattr__(self, "ids", (fingerprint, *(keys.fingerprint for keys in self.former)))
        for slot, purpose in (
            ("_by_identifier", b"clearway.code"),
            ("_by_name", b"clearway.name"),
            ("_by_token", b"clearway.token"),
        ):
            object.__setattr__(self, slot, blake2b(key=secret, digest_size=KEY_BYTES, person=purpose))

    @property
    def every(self) -> tuple[SubjectKeys, ...]:
        """Each key by itself, the current one first."""
        return (self, *self.former)

    def under(self, key_id: str) -> SubjectKeys:
        """The key of that id. `KeyError` where it is none of these."""
        for keys in self.every:
            if keys.fingerprint == key_id:
                return keys
        raise KeyError(key_id)

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

    def tokens(self, identifier: Identifier) -> dict[str, str]:
        """Key id → the number's token under that key, the current one first."""
        return {keys.fingerprint: keys.token(identifier) for keys in self.every}

    def person_key(self, identifier: Identifier) -> bytes:
        """16 bytes by which index and log find a natural person: the key of the number's token, both under one key."""
        return self.identifier_key(identifier.scheme, self.token(identifier))
