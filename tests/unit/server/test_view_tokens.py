from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, cast

import jwt
import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from clearway.gen.v1 import card_service_pb2 as card_pb
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import deferral_service_pb2 as deferral_pb
from clearway.server.call import Call, Caller, Method
from clearway.server.errors import Refusal
from clearway.server.interceptors.identity import Identity
from clearway.server.keys import KeyUnreadable, load_view_key
from clearway.server.settings import Settings
from clearway.server.view_tokens import SCOPE, ViewTokens, scope
from clearway.web.json.methods import offered
from tests.unit.server.calls import METHOD, NOON, Context, a_call

KEY = bytes(range(32))
MINUTES = timedelta(minutes=30)
CHECK, OTHER = "01890000-0000-7000-8000-000000000001", "01890000-0000-7000-8000-000000000002"
LOCAL = Caller("local", "DEMO-LICENSING", "110000")
SERIALIZED = [name for name in offered() if name.startswith("/clearway.")]


def tokens(now: datetime = NOON, key: bytes = KEY) -> ViewTokens:
    return ViewTokens(key, MINUTES, lambda: now)


def a_token(views: ViewTokens | None = None) -> str:
    return (views or tokens()).grant(CHECK, "CASE-1", "OTHER-BUREAU", "310000", "officer 7")[0]


def because(raised: pytest.ExceptionInfo[Refusal]) -> str:
    assert raised.value.reason_name == "VIEW_REFUSED"
    return raised.value.metadata["because"]


def refused_with(read: Any) -> str:
    with pytest.raises(Refusal) as raised:
        read()
    return because(raised)


def test_a_token_is_read_back_as_it_was_granted() -> None:
    token, view = tokens().grant(CHECK, "案件-1", "OTHER-BUREAU", "310000", "officer 7")
    assert tokens().read(token) == view
    assert view.expires_at == NOON + MINUTES


def test_a_token_is_good_up_to_its_end_and_not_at_it() -> None:
    token = a_token()
    assert tokens(NOON + MINUTES - timedelta(seconds=1)).read(token).check_id == CHECK
    assert refused_with(lambda: tokens(NOON + MINUTES).read(token)) == "expired"


def forged(**changes: Any) -> str:
    claims = jwt.decode(a_token(), options={"verify_signature": False})
    algorithm, key = changes.pop("algorithm", "HS256"), changes.pop("key", KEY)
    claims |= changes
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm)


def strangers() -> Iterator[str]:
    yield forged(key=bytes(32))
    yield forged(algorithm="none", key=None)
    yield forged(algorithm="HS512", key=bytes(range(64)))
    yield forged(aud="another")
    yield forged(iss="another")
    yield forged(exp=None)
    yield forged(exp=10**20)
    yield forged(check=7)
    yield forged(officer=None)
    yield a_token() + "A"
    yield a_token().rpartition(".")[0]
    yield "A" * 5000
    yield ""


@pytest.mark.parametrize("token", [*strangers()])
def test_what_this_installation_did_not_sign_is_refused(token: str) -> None:
    assert refused_with(lambda: tokens().read(token)) == "not_ours"


@given(st.text(max_size=200))
def test_no_text_gets_through_by_chance(token: str) -> None:
    assert refused_with(lambda: tokens().read(token)) == "not_ours"


def under(view_token: str | None, method: Method = METHOD) -> Call:
    """A call as identity leaves it."""
    metadata = () if view_token is None else (("authorization", f"View {view_token}"),)
    call = a_call(context=cast("Any", Context(metadata=metadata)), method=method)
    Identity(LOCAL, tokens())(call)
    return call


def test_a_page_acts_for_the_authority_of_its_check() -> None:
    assert under(a_token()).caller == Caller("card", "OTHER-BUREAU", "310000")


def test_other_credentials_are_no_view() -> None:
    call = a_call(context=cast("Any", Context(metadata=(("authorization", "Bearer viewer"),))))
    Identity(LOCAL, tokens())(call)
    assert (call.caller, call.view) == (LOCAL, None)


OWN: tuple[Message, ...] = (
    card_pb.GetCardRequest(check_id=CHECK),
    pb.GetCheckRequest(check_id=CHECK),
    pb.WatchCasesRequest(case_number="CASE-1"),
    pb.ReportOutcomeRequest(check_id=CHECK, officer="officer 7"),
    deferral_pb.GetDeferralRequest(check_id=CHECK),
    deferral_pb.CommitRequest(check_id=CHECK, officer="officer 7"),
    deferral_pb.IssueNoticeRequest(check_id=CHECK, officer="officer 7"),
    deferral_pb.SupplementRequest(check_id=CHECK, officer="officer 7"),
)


def asking(message: Message) -> Call:
    call = under(a_token(), Method("/any", type(message), is_check=False))
    call.message = message
    return call


@pytest.mark.parametrize("message", OWN, ids=lambda message: type(message).__name__)
def test_a_page_may_do_what_its_view_covers(message: Message) -> None:
    scope(asking(message))


BOUND = [
    (message, field)
    for message, field in product(OWN, ("check_id", "case_number", "officer"))
    if field in message.DESCRIPTOR.fields_by_name
]


@pytest.mark.parametrize(("message", "field"), BOUND)
def test_a_page_may_not_touch_another_check_case_or_act_as_another_officer(message: Message, field: str) -> None:
    other = type(message)()
    other.CopyFrom(message)
    setattr(other, field, OTHER)
    assert refused_with(lambda: scope(asking(other))) == "scope"


def test_every_request_of_the_scope_is_tried_above() -> None:
    assert set(SCOPE) == {type(message) for message in OWN}


@pytest.mark.parametrize("path", SERIALIZED)
def test_whatever_is_not_a_pages_to_call_is_refused(path: str) -> None:
    kind = offered()[path].request_type
    if kind not in SCOPE:
        assert refused_with(lambda: scope(asking(kind()))) == "scope"


def test_a_caller_without_a_view_is_not_bound_by_it() -> None:
    call = under(None)
    call.message = pb.CheckSubjectRequest()
    scope(call)


# The key


def test_the_key_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    key = load_view_key(settings)
    assert (len(key), load_view_key(settings)) == (32, key)
    assert (tmp_path / "keys" / "view.key").stat().st_mode & 0o777 == 0o600


def test_a_key_of_the_settings_goes_before_the_file(tmp_path: Path) -> None:
    load_view_key(Settings(data_dir=tmp_path))
    assert load_view_key(Settings(data_dir=tmp_path, view_key="ab" * 32)) == b"\xab" * 32


@pytest.mark.parametrize("text", ["", "ab", "x" * 64])
def test_a_file_without_a_key_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "view.key").write_text(text)
    with pytest.raises(KeyUnreadable):
        load_view_key(Settings(data_dir=tmp_path))


def test_granted_tokens_end_in_whole_seconds() -> None:
    _, view = tokens(datetime(2026, 3, 2, 4, 0, 0, 900_000, UTC)).grant(CHECK, "C", "A", "", "o")
    assert view.expires_at.microsecond == 0
