"""Another subject key, over the wire: while it comes, after the old one has gone, and where that goes too early."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest

from clearway.gen.v1 import audit_reports_pb2 as reports_pb
from clearway.gen.v1 import decision_pb2, subject_pb2
from clearway.gen.v1 import registry_service_pb2 as registry_pb
from clearway.gen.v1.audit_service_pb2_grpc import AuditServiceStub
from clearway.gen.v1.registry_service_pb2_grpc import RegistryServiceStub
from clearway.registry.importer import ImportReport
from clearway.registry.registry import Registry
from clearway.registry.synthetic import code_of, name_of
from clearway.server.settings import Settings
from clearway.subjects.keys import SubjectKeys
from tests.contract.loaded import by_code, by_name, refusal_in
from tests.node import NodeFailed, RunningNode
from tests.unit.registry.making import CITIZEN, citizen, listing_row, write_csv
from tests.waiting import until

pytestmark = [pytest.mark.sockets, pytest.mark.xdist_group("subject_keys"), pytest.mark.timeout(300)]

PATIENCE = 10.0
OLD, NEW = "0a" * 32, "0b" * 32
ROTATED: dict[str, Any] = {"subject_key": NEW, "former_subject_keys": OLD}
OLD_ID, NEW_ID = (SubjectKeys(bytes.fromhex(key)).fingerprint for key in (OLD, NEW))
ORGANISATION = code_of(7)
STRANGER = citizen(2)
"""A natural person on no list."""


def keys_of(settings: dict[str, Any]) -> SubjectKeys:
    former = filter(None, settings.get("former_subject_keys", "").split(","))
    return SubjectKeys(bytes.fromhex(settings["subject_key"]), *map(bytes.fromhex, former))


def imported(folder: Path, settings: dict[str, Any]) -> ImportReport:
    """The list, read by an operator beside the running node, with the node's own keys."""
    rows = [
        listing_row(9, scheme="cn-ric", code=CITIZEN, name="", listing_id="L-9"),
        listing_row(7, code=ORGANISATION, name=name_of(7)),
    ]
    file = write_csv(folder / "list.csv", list(rows[0]), rows)
    now = datetime.now(UTC)
    with Registry.open(Settings(data_dir=folder).registry_url, keys_of(settings), moment=now) as registry:
        return registry.import_feed("flat-csv", file, actor="test", moment=now)


def standing(node: RunningNode, scheme: str, code: str) -> int:
    answer = node.checks().CheckSubject(by_code(scheme, code), timeout=PATIENCE)
    return answer.decision.standing


def listed(node: RunningNode) -> bool:
    """Whether all who are listed are found, and who is not listed is not."""
    found = {standing(node, scheme, code) for scheme, code in (("cn-ric", CITIZEN), ("cn-uscc", ORGANISATION))}
    assert standing(node, "cn-ric", STRANGER) == decision_pb2.STANDING_NOT_LISTED
    return found == {decision_pb2.STANDING_LISTED}


def found_on_the_log(node: RunningNode, subject: subject_pb2.Subject, page_size: int = 50) -> list[str]:
    """The checks of a subject, page by page, the newest first."""
    audits, ids, token = AuditServiceStub(node.channel()), list[str](), ""
    while True:
        request = reports_pb.SearchChecksRequest(page_size=page_size, page_token=token)
        request.filter.subject.CopyFrom(subject)
        page = audits.SearchChecks(request, timeout=PATIENCE)
        ids += [check.check_id for check in page.checks]
        token = page.next_page_token
        if not token:
            return ids


def accessed(node: RunningNode, scheme: str, code: str) -> int:
    request = reports_pb.ReportSubjectAccessRequest(identifier=subject_pb2.Identifier(scheme=scheme, value=code))
    return len(AuditServiceStub(node.channel()).ReportSubjectAccess(request, timeout=PATIENCE).entries)


def of_code(scheme: str, code: str) -> subject_pb2.Subject:
    return subject_pb2.Subject(identifier=subject_pb2.Identifier(scheme=scheme, value=code))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The data folder of a node that answered checks of everybody under the old key."""
    old: dict[str, Any] = {"subject_key": OLD}
    imported(tmp_path, old)
    with RunningNode(tmp_path, **old) as node:
        assert listed(node)
        node.checks().CheckSubject(by_name(name_of(7)), timeout=PATIENCE)
        node.stop()
    return tmp_path


def test_another_key_without_a_stop(folder: Path) -> None:
    with RunningNode(folder, **ROTATED) as node:
        assert listed(node)
        for subject in (of_code("cn-ric", CITIZEN), of_code("cn-uscc", ORGANISATION)):
            ids = found_on_the_log(node, subject)
            assert len(ids) == 2
            assert ids == sorted(ids, reverse=True)
            assert found_on_the_log(node, subject, page_size=1) == ids
        node.checks().CheckSubject(by_name(name_of(7)), timeout=PATIENCE)
        assert len(found_on_the_log(node, subject_pb2.Subject(name=name_of(7)))) == 2
        assert accessed(node, "cn-ric", CITIZEN) == accessed(node, "cn-uscc", ORGANISATION) == 2
        report = imported(folder, ROTATED)
        assert (report.unchanged, report.accepted) == (2, 0)
        assert listed(node)
        node.stop()
    with RunningNode(folder, subject_key=NEW) as node:
        until(lambda: listed(node))
        assert accessed(node, "cn-ric", CITIZEN) == 3
        assert imported(folder, {"subject_key": NEW}).unchanged == 2


def test_a_key_that_goes_too_early_keeps_the_node_from_starting_and_says_which(folder: Path) -> None:
    with RunningNode(folder, **ROTATED) as node:
        assert listed(node)
        node.stop()
    node = RunningNode(folder, subject_key=NEW)
    with pytest.raises(NodeFailed, match=f"key_missing.*{OLD_ID} \\(1\\)"):
        node.start()
    with RunningNode(folder, **ROTATED) as node:
        assert listed(node)


def test_a_key_of_nobody_here_keeps_the_node_from_starting(folder: Path) -> None:
    with pytest.raises(NodeFailed, match="other_key"):
        RunningNode(folder, subject_key=NEW).start()


def test_a_node_without_a_key_that_others_use_alone_answers_nobody_from_a_record_it_cannot_read(folder: Path) -> None:
    """As where one node of several kept the old keys: who is recorded under the new one alone is never “not listed”."""
    with RunningNode(folder, subject_key=OLD, max_index_age=2) as node:
        now, url = datetime.now(UTC), Settings(data_dir=folder).registry_url
        Registry.open(url, keys_of(ROTATED), moment=now).close()
        imported(folder, ROTATED)
        with Registry.open(url, SubjectKeys(bytes.fromhex(NEW)), moment=now) as registry:
            file = folder / "more.csv"
            row = listing_row(2, scheme="cn-ric", code=STRANGER, name="", listing_id="L-2")
            registry.import_feed("flat-csv", write_csv(file, list(row), [row]), actor="test", moment=now)
        until(lambda: standing(node, "cn-ric", STRANGER) == decision_pb2.STANDING_UNKNOWN)
        look = registry_pb.GetSubjectRequest(identifier=subject_pb2.Identifier(scheme="cn-ric", value=STRANGER))
        with pytest.raises(grpc.RpcError) as refused:
            RegistryServiceStub(node.channel()).GetSubject(look, timeout=PATIENCE)
        assert refusal_in(refused.value)["reason"] == "SUBJECT_KEY_MISSING"
