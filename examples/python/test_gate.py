"""How an integrator tests a gate, without a service: script what Clearway answers, and look at what the gate does.

pytest test_gate.py
"""

import pytest

from clearway.client import Answer, Check, ErrorReason, GoOnByHand, NoAnswer
from clearway.testing import FakeClearway, decisions

CODE = "919999990000000353"
CHECK = Check(scheme="cn-uscc", code=CODE, item="FOOD-OPERATION", case="CASE-1", officer="o-7")


def may_sign(result: Answer | NoAnswer) -> bool:
    """The gate under test: an officer may sign at once only where nothing asks for a second look."""
    return isinstance(result, Answer) and result.outcome in ("ORDINARY", "GREEN_CHANNEL")


@pytest.mark.parametrize(
    ("decision", "signed"),
    [
        (decisions.ordinary(), True),
        (decisions.green_channel(), True),
        (decisions.restriction(), False),
        (decisions.deferred_acceptance(), False),
        (decisions.undetermined(), False),
    ],
)
def test_only_a_clear_answer_is_signed_at_once(decision: decisions.Decision, signed: bool) -> None:
    fake = FakeClearway()
    fake.answers(decision, scheme="cn-uscc", code=CODE)
    with fake.client(on_unavailable=GoOnByHand(lambda missing: None)) as clearway:
        assert may_sign(clearway.check(CHECK)) is signed


@pytest.mark.parametrize("reason", [None, ErrorReason.AUDIT_UNAVAILABLE, ErrorReason.OVERLOADED])
def test_silence_is_never_signed(reason: ErrorReason | None) -> None:
    fake, marked = FakeClearway(), list[NoAnswer]()
    with fake.client(on_unavailable=GoOnByHand(marked.append)) as clearway, fake.unavailable(reason):
        assert not may_sign(clearway.check(CHECK))
    assert [missing.check.case for missing in marked] == ["CASE-1"]
