"""What can be wrong with a code, said so that the person at the keyboard can find the slip."""

from __future__ import annotations

from enum import StrEnum


class IdentifierFault(StrEnum):
    """The closed set of reasons a code is refused."""

    EMPTY = "empty"
    LENGTH = "length"
    ALPHABET = "alphabet"
    FORMAT = "format"
    CHECK_SIGN = "check_sign"
    MASKED = "masked"
    UNKNOWN_SCHEME = "unknown_scheme"


class InvalidIdentifier(ValueError):
    """A code that names nobody under the scheme given.

    `detail` is an English sentence that never repeats the code: at most one sign of it, or its length. `suggestion` is
    another writing of the code that would be valid, for a person to confirm; nothing acts on it.
    """

    def __init__(self, scheme: str, fault: IdentifierFault, detail: str, suggestion: str | None = None) -> None:
        super().__init__(scheme, fault, detail, suggestion)
        self.scheme = scheme
        self.fault = fault
        self.detail = detail
        self.suggestion = suggestion

    def __str__(self) -> str:
        return self.detail


def wrong_length(scheme: str, want: str, have: int) -> InvalidIdentifier:
    """The code has `have` signs where the scheme has `want` (a number, or a phrase such as `15 or 13`)."""
    return InvalidIdentifier(scheme, IdentifierFault.LENGTH, f"The code has {have} signs; {scheme} has {want}.")


def wrong_check_sign(scheme: str) -> InvalidIdentifier:
    """The check sign does not agree with the others.

    Which sign should stand there is left unsaid on purpose: the slip is as likely in any other sign, and a code made to
    fit names somebody else.
    """
    return InvalidIdentifier(
        scheme,
        IdentifierFault.CHECK_SIGN,
        "The check sign does not agree with the other signs: at least one sign is wrong, or two are swapped.",
    )


def wrong_format(scheme: str, detail: str) -> InvalidIdentifier:
    """The signs are right, their arrangement is not; `detail` is a sentence that says where."""
    return InvalidIdentifier(scheme, IdentifierFault.FORMAT, detail)


def require_alphabet(scheme: str, code: str, alphabet: frozenset[str], described: str) -> None:
    """Raise ALPHABET at the first sign of `code` outside `alphabet`; positions count from 1."""
    for position, sign in enumerate(code, start=1):
        if sign not in alphabet:
            shown = f"'{sign}'" if sign.isprintable() else f"U+{ord(sign):04X}"
            raise InvalidIdentifier(
                scheme,
                IdentifierFault.ALPHABET,
                f"Sign {position} is {shown}; {described}.",
            )
