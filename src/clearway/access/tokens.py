"""API tokens for small installations: made once, shown once, kept as a hash.

A token is 32 random bytes, so guessing one, or finding it from its hash, takes 2^256 tries however fast the hash is: a
slow password hash would add nothing but a cost to every call, and salt nothing, as no two tokens are alike. The prefix
lets scanners of repositories and logs find what leaked: `clearway_token_[A-Za-z0-9_-]{43}`.
"""

from __future__ import annotations

import base64
import hashlib

PREFIX = "clearway_token_"
TOKEN_BYTES = 32


def token_of(randomness: bytes) -> str:
    """The token of 32 random bytes. Raises ValueError for any other number of them."""
    if len(randomness) != TOKEN_BYTES:
        raise ValueError(f"a token is made of {TOKEN_BYTES} random bytes")
    return PREFIX + base64.urlsafe_b64encode(randomness).rstrip(b"=").decode()


def hash_of(token: str) -> bytes:
    """The SHA-256 of a token, which is all that is kept of it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
