"""What leaves this process and comes back unread and unchanged: sealed under a key that all nodes share."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Seal:
    """Seals bytes for one purpose: what was sealed for another, or under another key, does not open."""

    def __init__(self, key: bytes, purpose: str) -> None:
        own = HKDF(SHA256(), 32, salt=None, info=f"clearway {purpose}".encode()).derive(key)
        self._box = Fernet(base64.urlsafe_b64encode(own))

    def close(self, content: bytes, now: int) -> str:
        """The content as text that can stand in an address or a cookie. `now`: seconds of the epoch."""
        return self._box.encrypt_at_time(content, now).decode()

    def open(self, text: str) -> bytes | None:
        """What was sealed; None for anything else."""
        try:
            return self._box.decrypt(text.encode())
        except (InvalidToken, ValueError):
            return None
