"""The access matrix: every method that is served has its row, and what has none is nobody's."""

from __future__ import annotations

import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from clearway.access.methods import METHODS, Openness, Role, methods_named, rule_of, short
from clearway.gen.v1 import (
    access_service_pb2,
    audit_service_pb2,
    card_service_pb2,
    check_service_pb2,
    deferral_service_pb2,
    feed_service_pb2,
    operator_service_pb2,
    registry_service_pb2,
)
from clearway.server.servicers import SERVICES

FILES = (
    access_service_pb2.DESCRIPTOR,
    audit_service_pb2.DESCRIPTOR,
    card_service_pb2.DESCRIPTOR,
    check_service_pb2.DESCRIPTOR,
    deferral_service_pb2.DESCRIPTOR,
    feed_service_pb2.DESCRIPTOR,
    operator_service_pb2.DESCRIPTOR,
    registry_service_pb2.DESCRIPTOR,
    health_pb2.DESCRIPTOR,
    reflection_pb2.DESCRIPTOR,
)
SERVED = {
    f"/{service.full_name}/{method.name}"
    for file in FILES
    for service in file.services_by_name.values()
    for method in service.methods
}

PUBLISHED = {
    "CheckService/GetReceiptKeys",
    "AuditService/GetCheckpoint",
    "AuditService/GetConsistencyProof",
    "AuditService/GetTile",
}
"""What is public: keys, signed trees and their files, which name no subject."""

OF_ONESELF = {"AccessService/GetCaller", "AccessService/GetSession", "AccessService/EndSession"}
"""Tells callers of themselves, and ends sessions of theirs."""

COSIGNING = "AuditService/AddCosignature"
"""Keeps what a known witness signed, and shows nothing."""


def test_every_method_that_is_served_has_a_row_and_no_other_has() -> None:
    assert set(METHODS) == SERVED
    assert {name.split("/")[1] for name in SERVED} >= set(SERVICES)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_of_ours_is_open_to_some_role_and_to_nobody_without_one(method: str) -> None:
    rule = METHODS[method]
    of_roles = method.startswith("/clearway.") and short(method) not in PUBLISHED | OF_ONESELF
    assert (rule.openness is Openness.ROLES, bool(rule.roles)) == (of_roles, of_roles)


@pytest.mark.parametrize("method", sorted(PUBLISHED))
def test_what_is_published_of_the_log_is_shown_to_whoever_is_known(method: str) -> None:
    (name,) = methods_named(method)
    assert rule_of(name).openness is Openness.KNOWN


@pytest.mark.parametrize("method", METHODS)
def test_an_operator_sees_nobodys_data(method: str) -> None:
    theirs = Role.OPERATOR in rule_of(method).roles
    assert not theirs or short(method) == COSIGNING or short(method).startswith("OperatorService/")


def test_the_operators_service_is_open_to_operators_alone_but_for_how_feeds_are() -> None:
    theirs = {method: rule.roles for method, rule in METHODS.items() if short(method).startswith("OperatorService/")}
    feeds = theirs.pop("/clearway.v1.OperatorService/ListFeeds")
    assert set(feeds) == {Role.OPERATOR, Role.REGISTRAR, Role.AUDITOR}
    assert set(theirs.values()) == {(Role.OPERATOR,)}


@pytest.mark.parametrize("method", [name for name, rule in METHODS.items() if Role.AUDITOR in rule.roles])
def test_whatever_an_auditor_may_call_is_recorded_as_a_look(method: str) -> None:
    assert rule_of(method).look or short(method) == COSIGNING


def test_an_auditor_changes_nothing_but_keeps_cosignatures() -> None:
    theirs = {short(method) for method, rule in METHODS.items() if Role.AUDITOR in rule.roles}
    assert theirs == {
        "CheckService/GetCheck",
        "DeferralService/ListOverdueDeferrals",
        "RegistryService/GetSubject",
        "AuditService/ListAffectedChecks",
        "AuditService/ReportCoverage",
        "AuditService/ListOverdueOutcomes",
        "AuditService/SearchChecks",
        "AuditService/ShowCheck",
        "AuditService/ReportFigures",
        "AuditService/ListUnusualPatterns",
        "AuditService/ReportSubjectAccess",
        "AuditService/GetInclusionProof",
        "AuditService/GetEntry",
        "FeedService/ListQuarantinedRows",
        "FeedService/GetQuarantinedRow",
        "FeedService/ListWaitingLists",
        "OperatorService/ListFeeds",
        COSIGNING,
    }


def test_a_method_without_a_row_is_nobodys() -> None:
    assert rule_of("/clearway.v1.CheckService/ListSubjects").roles == ()


@pytest.mark.parametrize(
    "name", ["CheckSubject", "CheckService/CheckSubject", "/clearway.v1.CheckService/CheckSubject"]
)
def test_a_method_is_found_by_the_names_people_give_it(name: str) -> None:
    assert methods_named(name) == ("/clearway.v1.CheckService/CheckSubject",)
