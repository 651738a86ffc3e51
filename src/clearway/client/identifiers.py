"""A code looked at before it is sent, by the same rules as the service's."""

from __future__ import annotations

import grpc

from clearway.client.errors import Details, ErrorReason, InvalidIdentifier, Violation
from clearway.subjects import faults
from clearway.subjects.identifiers import parse_identifier


def validate_identifier(scheme: str, code: str) -> str:
    """The code in its canonical writing, for a form to check as it is typed. Nothing is looked up or corrected.

    Raises `InvalidIdentifier`, as a check of the code would. A masked code is refused here, though a check takes one.
    """
    try:
        return parse_identifier(scheme, code).value
    except faults.InvalidIdentifier as invalid:
        raise refused(invalid) from None


def refused(invalid: faults.InvalidIdentifier) -> InvalidIdentifier:
    """The error with which the service would answer."""
    unknown = invalid.fault is faults.IdentifierFault.UNKNOWN_SCHEME
    metadata = {"scheme": invalid.scheme, "fault": invalid.fault.value}
    if invalid.suggestion:
        metadata["suggestion"] = invalid.suggestion
    field = f"subject.identifier.{'scheme' if unknown else 'value'}"
    details = Details(
        ErrorReason.UNKNOWN_SCHEME if unknown else ErrorReason.INVALID_IDENTIFIER,
        metadata,
        (Violation(field, invalid.detail, invalid.fault.value),),
    )
    return InvalidIdentifier(grpc.StatusCode.INVALID_ARGUMENT, invalid.detail, details)
