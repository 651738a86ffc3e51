"""A session: what a browser keeps of it opens here alone, and it ends when it was idle, or has lasted, too long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearway.web.console.sealing import Seal
from clearway.web.console.sessions import LONGEST_TOKEN, Sessions
from tests.unit.web.console.visiting import KEY

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
IDLE, LASTING = timedelta(minutes=30), timedelta(hours=8)
TOKENS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=LONGEST_TOKEN)


def sessions(key: bytes = KEY) -> Sessions:
    numbers = iter(range(256))
    return Sessions(key, IDLE, LASTING, lambda size: bytes([next(numbers)] * size))


@given(TOKENS)
def test_a_session_is_found_again_by_its_cookie_and_fits_into_it(token: str) -> None:
    kept = sessions()
    session = kept.begin(NOW, token)
    cookie = kept.cookie(session)
    assert kept.find(cookie, NOW) == session
    assert len(cookie) < 4000
    assert not token or len(token) < 8 or token not in cookie


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: Seal(KEY, "console search").close(raw, 0)))
def test_what_is_no_session_of_ours_is_none(cookie: str) -> None:
    assert sessions().find(cookie, NOW) is None


def test_another_installations_session_is_none_here() -> None:
    assert sessions().find(sessions(bytes(32)).cookie(sessions().begin(NOW)), NOW) is None


@given(st.data())
def test_a_changed_cookie_is_none(data: st.DataObject) -> None:
    cookie = sessions().cookie(sessions().begin(NOW, "token"))
    place = data.draw(st.integers(0, len(cookie.rstrip("=")) - 2))
    other = "A" if cookie[place] != "A" else "B"
    assert sessions().find(cookie[:place] + other + cookie[place + 1 :], NOW) is None


@pytest.mark.parametrize(("later", "found"), [(IDLE - timedelta(seconds=1), True), (IDLE, False)])
def test_a_session_that_nobody_used_ends(later: timedelta, found: bool) -> None:
    kept = sessions()
    assert (kept.find(kept.cookie(kept.begin(NOW)), NOW + later) is not None) is found


def test_a_session_in_use_ends_all_the_same_when_its_time_is_up() -> None:
    kept = sessions()
    session = kept.begin(NOW)
    moment = NOW
    while moment - NOW < LASTING - timedelta(minutes=20):
        moment += timedelta(minutes=20)
        found = kept.find(kept.cookie(session), moment)
        assert found is not None
        session = found
    assert kept.find(kept.cookie(session), NOW + LASTING) is None


def test_a_form_of_one_session_is_none_of_another() -> None:
    kept = sessions()
    mine, yours = kept.begin(NOW), kept.begin(NOW)
    assert kept.is_form_token(mine, kept.form_token(mine))
    assert not kept.is_form_token(mine, kept.form_token(yours))
    assert not kept.is_form_token(mine, "")
    assert not kept.is_form_token(mine, "é")
