"""What the type checker must reject: each line below is a mistake that would otherwise reach an applicant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).parents[3]
PREAMBLE = """
from typing import assert_never
from clearway.client import *
check = Check(scheme="cn-uscc", code="1", item="I", case="C", officer="o")
config = ConnectConfig("127.0.0.1:50051")
raising = Clearway(config, on_unavailable=Raise())
by_hand = Clearway(config, on_unavailable=GoOnByHand(print))
async def handler(missing: NoAnswer) -> None: ...
"""
RIGHT = """
print(raising.check(check).outcome)
result = by_hand.check(check)
match result:
    case Answer():
        print(result.outcome)
    case NoAnswer():
        print(result.explanation)
    case _:
        assert_never(result)
for item in raising.check_batch([check]):
    match item:
        case Answer() | RequestRefused():
            print(item)
        case _:
            assert_never(item)
def words(outcome: Outcome) -> str:
    match outcome:
        case Outcome.RESTRICTION | Outcome.DEFERRED_ACCEPTANCE | Outcome.GREEN_CHANNEL:
            return "advice"
        case Outcome.ORDINARY | Outcome.UNDETERMINED:
            return "none"
        case _:
            assert_never(outcome)
"""
MISUSE = {
    "nobody chose what happens when no answer comes": ("Clearway(config)", "call-arg"),
    "the async client neither": ("AsyncClearway(config)", "call-arg"),
    "silence passed for an answer": ("print(by_hand.check(check).outcome)", "union-attr"),
    "a handler that nobody would await": ("GoOnByHand(handler)", "arg-type"),
    "a check without its purpose": ('Check(scheme="cn-uscc", code="1", item="I")', "call-arg"),
    "a check changed after it was made": ('check.officer = "x"', "misc"),
    "settings changed after they were made": ("config.timeout = 5", "misc"),
    "an error taken for an answer": (
        "for item in raising.check_batch([check]):\n    print(item.outcome)",
        "union-attr",
    ),
    "an outcome forgotten": (
        "def forgetful(outcome: Outcome) -> str:\n"
        "    match outcome:\n"
        "        case Outcome.RESTRICTION | Outcome.DEFERRED_ACCEPTANCE | Outcome.GREEN_CHANNEL | Outcome.ORDINARY:\n"
        "            return ''\n"
        "        case _:\n"
        "            assert_never(outcome)",
        "arg-type",
    ),
    "a watch that begins nowhere": ("raising.watch_cases()", "call-arg"),
    "a language that is not spoken": ('raising.check(check, language="fr")', "arg-type"),
    "a method given another's message": (
        "from clearway.client import methods\nraising.call(methods.GET_SUBJECT, methods.COMMIT.request())",
        "misc",
    ),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The type checker's error codes by module: one module a mistake, in one run."""
    folder = tmp_path_factory.mktemp("misuse")
    (folder / "right.py").write_text(PREAMBLE + RIGHT)
    for number, (line, _) in enumerate(MISUSE.values()):
        (folder / f"mistake_{number}.py").write_text(f"{PREAMBLE}{line}\n")
    settings = folder / "mypy.ini"
    settings.write_text(
        f"[mypy]\nstrict = true\nmypy_path = {ROOT / 'src'}\nignore_missing_imports = true\n"
        "[mypy-clearway.*]\nfollow_imports = silent\n"
    )
    shown, complaint, _ = api.run(
        ["--config-file", str(settings), "--cache-dir", str(folder / "cache"), *map(str, folder.glob("*.py"))]
    )
    assert complaint == ""
    codes: dict[str, list[str]] = {}
    for line in shown.splitlines():
        error = re.match(r".*?(\w+)\.py:\d+: error: .*\[([\w-]+)\]$", line)
        if error:
            codes.setdefault(error[1], []).append(error[2])
    return codes


@pytest.mark.xdist_group("types")
def test_right_use_is_accepted(found: dict[str, list[str]]) -> None:
    assert found.get("right", []) == []


@pytest.mark.xdist_group("types")
@pytest.mark.parametrize("mistake", MISUSE)
def test_misuse_is_rejected(found: dict[str, list[str]], mistake: str) -> None:
    number = list(MISUSE).index(mistake)
    assert MISUSE[mistake][1] in found.get(f"mistake_{number}", [])
