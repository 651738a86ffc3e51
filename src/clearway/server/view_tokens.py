"""View tokens: what lets a page show one check, and record in its case, without a credential that can check.

A token is a JWT under a key of the installation's own (HS256: whoever makes it reads it). It names the check, its case
and authority, and the officer in whose name the page records; it is good for some minutes and for `SCOPE` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import jwt
from google.protobuf.message import Message

from clearway.gen.v1 import card_service_pb2 as card_pb
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import deferral_service_pb2 as deferral_pb
from clearway.gen.v1.error_reason_pb2 import ErrorReason
from clearway.server.call import Call, View
from clearway.server.errors import Refusal

SCHEME = "view "
"""Before the token in `authorization`, in whatever case."""

ALGORITHM = "HS256"
ISSUER = "clearway"
AUDIENCE = "clearway.card"
CLAIMS = ("iss", "aud", "exp", "iat", "check", "case", "authority", "region", "officer")
LONGEST = 4096
"""Signs of a token; ours are shorter."""


class Unfit(StrEnum):
    """Why a view token does not let a call pass."""

    EXPIRED = "expired"
    """Its minutes are over."""
    NOT_OURS = "not_ours"
    """It is not signed with this installation's key, or is no view token at all."""
    SCOPE = "scope"
    """It is for another check, case or officer, or the method is not a page's to call."""


WORDS: Mapping[Unfit, str] = {
    Unfit.EXPIRED: "the view token has expired; ask for another one",
    Unfit.NOT_OURS: "this is no view token of this installation",
    Unfit.SCOPE: "the view token does not cover this call",
}


def refused(because: Unfit) -> Refusal:
    """The refusal of a call under a view token."""
    return Refusal(ErrorReason.ERROR_REASON_VIEW_REFUSED, WORDS[because], {"because": because.value})


def token_in(authorization: str) -> str | None:
    """The view token that an `authorization` shows; None where it shows something else."""
    return authorization[len(SCHEME) :].strip() if authorization[: len(SCHEME)].lower() == SCHEME else None


class ViewTokens:
    """Makes view tokens and reads them back."""

    def __init__(self, key: bytes, lasting: timedelta, clock: Callable[[], datetime]) -> None:
        self._key = key
        self._lasting = lasting
        self._clock = clock

    def grant(self, check_id: str, case_number: str, authority: str, region: str, officer: str) -> tuple[str, View]:
        """A token for one check from now on, and what it lets its bearer see."""
        now = self._clock().replace(microsecond=0)
        view = View(check_id, case_number, authority, region, officer, now + self._lasting)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": view.expires_at,
            "check": check_id,
            "case": case_number,
            "authority": authority,
            "region": region,
            "officer": officer,
        }
        return jwt.encode(claims, self._key, ALGORITHM), view

    def read(self, token: str) -> View:
        """What a token lets its bearer see. Raises `Refusal` VIEW_REFUSED."""
        if len(token) > LONGEST:
            raise refused(Unfit.NOT_OURS)
        # Times are held against the worker's own clock below, which a test may set and a jump is noticed by.
        options: Any = {"require": list(CLAIMS), "verify_exp": False, "verify_iat": False}
        try:
            claims = jwt.decode(token, self._key, [ALGORITHM], options, audience=AUDIENCE, issuer=ISSUER)
            view = view_of(claims)
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError):
            raise refused(Unfit.NOT_OURS) from None
        if view.expires_at <= self._clock():
            raise refused(Unfit.EXPIRED)
        return view


def view_of(claims: Mapping[str, Any]) -> View:
    """The view that a token's claims state. Raises ValueError, TypeError, OverflowError."""
    told = {name: claims[name] for name in ("check", "case", "authority", "region", "officer")}
    if not all(isinstance(value, str) for value in told.values()):
        raise TypeError("a claim is no text")
    expires_at = datetime.fromtimestamp(claims["exp"], UTC)
    return View(told["check"], told["case"], told["authority"], told["region"], told["officer"], expires_at)


# What a page may call

Covers = Callable[[Any, View], bool]


def of_its_check(message: Any, view: View) -> bool:
    """Whether the request is about the view's check."""
    return bool(message.check_id == view.check_id)


def by_its_officer(message: Any, view: View) -> bool:
    """Whether the request acts on the view's check as the view's officer."""
    return of_its_check(message, view) and bool(message.officer == view.officer)


def of_its_case(message: Any, view: View) -> bool:
    """Whether the request is about the view's case."""
    return bool(message.case_number == view.case_number)


SCOPE: Mapping[type[Message], Covers] = {
    card_pb.GetCardRequest: of_its_check,
    pb.GetCheckRequest: of_its_check,
    pb.WatchCasesRequest: of_its_case,
    pb.ReportOutcomeRequest: by_its_officer,
    deferral_pb.GetDeferralRequest: of_its_check,
    deferral_pb.CommitRequest: by_its_officer,
    deferral_pb.IssueNoticeRequest: by_its_officer,
    deferral_pb.SupplementRequest: by_its_officer,
}
"""Request → whether a view covers it. What is not here is not a page's to call: a check above all."""


def scope(call: Call) -> None:
    """Let a page do what its view covers, and nothing else. Raises `Refusal` VIEW_REFUSED."""
    if call.view is None:
        return
    covers = SCOPE.get(call.method.request_type)
    if covers is None or not covers(call.message, call.view):
        raise refused(Unfit.SCOPE)
