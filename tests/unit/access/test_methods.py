"""The access matrix: every method that is served has its row, and what has none is nobody's."""

from __future__ import annotations

import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from clearway.access.methods import METHODS, Openness, Role, methods_named, rule_of, short
from clearway.gen.v1 import audit_service_pb2, check_service_pb2, deferral_service_pb2, registry_service_pb2
from clearway.server.servicers import SERVICES

FILES = (
    audit_service_pb2.DESCRIPTOR,
    check_service_pb2.DESCRIPTOR,
    deferral_service_pb2.DESCRIPTOR,
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


def test_every_method_that_is_served_has_a_row_and_no_other_has() -> None:
    assert set(METHODS) == SERVED
    assert {name.split("/")[1] for name in SERVED} >= set(SERVICES)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_of_ours_is_open_to_some_role_and_to_nobody_without_one(method: str) -> None:
    rule = METHODS[method]
    ours = method.startswith("/clearway.")
    assert (rule.openness is Openness.ROLES, bool(rule.roles)) == (ours, ours)


@pytest.mark.parametrize("method", METHODS)
def test_an_operator_sees_nobodys_data(method: str) -> None:
    assert Role.OPERATOR not in rule_of(method).roles


@pytest.mark.parametrize("method", [name for name, rule in METHODS.items() if Role.AUDITOR in rule.roles])
def test_whatever_an_auditor_may_call_is_recorded_as_a_look(method: str) -> None:
    assert rule_of(method).look


def test_an_auditor_may_change_nothing() -> None:
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
    }


def test_a_method_without_a_row_is_nobodys() -> None:
    assert rule_of("/clearway.v1.CheckService/ListSubjects").roles == ()


@pytest.mark.parametrize(
    "name", ["CheckSubject", "CheckService/CheckSubject", "/clearway.v1.CheckService/CheckSubject"]
)
def test_a_method_is_found_by_the_names_people_give_it(name: str) -> None:
    assert methods_named(name) == ("/clearway.v1.CheckService/CheckSubject",)
