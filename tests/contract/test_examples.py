"""The examples, run as their pages say, and what they print looked at. `make examples` runs those in Java as well."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.registry.registry import Registry
from clearway.registry.synthetic import Character, code_of
from clearway.testing import FakeClearway, decisions
from tests.contract.loaded import a_check
from tests.contract.test_watching_cases import put_on_list
from tests.node import RunningNode

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("node")]

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / "examples" / "python"
JAVA = ROOT / "examples" / "java"
CODE = code_of(Character.SERIOUS)
NOBODY = "127.0.0.1:9"
FOLLOWED = 76_000_001
CHECK_ID = re.compile(r"keep with the decision: [0-9a-f-]{36}")


def run(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run an example in Python to its end."""
    return ran([sys.executable, str(PYTHON / program), *map(str, arguments)], within=60)


def run_java(*arguments: str) -> list[str]:
    """Run the example in Java to its end; the lines it printed."""
    # A JVM that has just started on a busy machine takes its time over the first call.
    patient = "-Ddeadline.millis=60000"
    done = ran(["mvn", "-q", "-B", "exec:java", patient, f"-Dexec.args={' '.join(arguments)}"], within=300, cwd=JAVA)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.replace("\x1b[0m", "") for line in done.stdout.splitlines()]
    return [line for line in lines if line]


def ran(command: list[str], within: float, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=within, cwd=cwd, env=environment, check=False
    )


@pytest.fixture(scope="module")
def java_is_built() -> None:
    """The stubs generated from our contract, and the example compiled."""
    done = ran(["mvn", "-q", "-B", "compile"], within=900, cwd=JAVA)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def fake() -> FakeClearway:
    fake = FakeClearway()
    fake.answers(decisions.restriction(), scheme="cn-uscc", code=CODE)
    return fake


def test_the_gate_shows_the_advice(node: RunningNode) -> None:
    shown = run("gate_approval.py", node.address)
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[0].startswith("RESTRICTION: ")
    assert any(line.startswith("restriction ") for line in lines)
    assert any(line.startswith("to object: ") for line in lines)
    assert CHECK_ID.fullmatch(lines[-1])


def test_the_gate_goes_on_by_hand_where_nobody_answers() -> None:
    shown = run("gate_approval.py", NOBODY)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.splitlines()[0] == "NO ANSWER"
    assert "case CASE-5 goes on by hand" in shown.stderr


def test_the_days_applications_are_counted(node: RunningNode) -> None:
    shown = run("check_many.py", node.address)
    assert shown.returncode == 0, shown.stderr
    assert sorted(shown.stdout.splitlines()) == ["INVALID_IDENTIFIER: 100", "ORDINARY: 100", "RESTRICTION: 100"]


CLOSED = "departures: 1, still open: 0, closed: True\n"


def test_a_case_is_closed_with_its_report(node: RunningNode) -> None:
    shown = run("report_outcome.py", node.address)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout == CLOSED


def test_a_case_is_closed_by_the_fake_as_by_a_node(fake: FakeClearway) -> None:
    with fake.serving() as address:
        shown = run("report_outcome.py", address)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout == CLOSED


def test_a_case_is_followed_on_a_node(node: RunningNode, served_registry: Registry, tmp_path: Path) -> None:
    time.sleep(1.0)  # what other tests have turned on this node is told by then
    messages = node.checks().WatchCases(pb.WatchCasesRequest(), timeout=60)
    begins = next(iter(messages)).cursor
    messages.cancel()
    node.checks().CheckSubject(a_check(FOLLOWED, case_number="CASE-FOLLOWED"), timeout=10)
    put_on_list(served_registry, FOLLOWED)
    (tmp_path / "cursor").write_text(begins)
    shown = run("follow_cases.py", node.address, tmp_path / "cursor", 1)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("CASE-FOLLOWED: ORDINARY is now RESTRICTION (outcome, ")
    assert (tmp_path / "cursor").read_text() != begins


def test_cases_are_followed_from_where_they_were_left(fake: FakeClearway, tmp_path: Path) -> None:
    def change(number: int) -> pb.CaseChange:
        made = pb.CaseChange(change_id=str(number), case_number=f"CASE-{number}", differs=["outcome"])
        made.before.outcome, made.after.outcome = decision_pb2.OUTCOME_ORDINARY, decision_pb2.OUTCOME_RESTRICTION
        return made

    cursor = tmp_path / "cursor"
    cursor.write_text("0")
    with fake.serving() as address:
        for number in (1, 2):
            fake.tells(change(number))
            shown = run("follow_cases.py", address, cursor, 1)
            assert shown.returncode == 0, shown.stderr
            assert shown.stdout == f"CASE-{number}: ORDINARY is now RESTRICTION (outcome)\n"


def test_an_integrators_own_test_passes() -> None:
    shown = ran([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(PYTHON / "test_gate.py")], within=60)
    assert shown.returncode == 0, shown.stdout
    assert shown.stdout.startswith("........ ")


def test_every_example_stands_on_its_page() -> None:
    page = (PYTHON / "README.md").read_text("utf-8")
    assert [file.name for file in PYTHON.glob("*.py") if f"examples/python/{file.name}" not in page] == []


def test_the_java_project_names_no_repository() -> None:
    text = (JAVA / "pom.xml").read_text("utf-8")
    assert "<repositor" not in text
    assert "<pluginRepositor" not in text
    assert set(re.findall(r"https?://[^\s<\"]+", text)) == {"http://maven.apache.org/POM/4.0.0"}


@pytest.mark.java
@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("java_is_built")
def test_the_gate_in_java_shows_the_advice(node: RunningNode) -> None:
    lines = run_java(node.address, CODE)
    assert lines[0].startswith("RESTRICTION: ")
    assert any(line.startswith("restriction ") for line in lines)
    assert CHECK_ID.fullmatch(lines[-1])


@pytest.mark.java
@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("java_is_built")
def test_the_gate_in_java_reads_the_reason_and_the_suggestion(node: RunningNode) -> None:
    lines = run_java(node.address, CODE.replace("0", "O", 1))
    assert lines[0].startswith("CORRECT THE APPLICATION (INVALID_IDENTIFIER): ")
    assert lines[1:] == [f"did you mean {CODE}? Nothing was corrected", "field subject.identifier.value"]


@pytest.mark.java
@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("java_is_built")
def test_the_gate_in_java_goes_on_by_hand_where_nobody_answers() -> None:
    assert run_java(NOBODY, CODE) == ["NO ANSWER (UNAVAILABLE): go on by hand, and say so in the file"]
