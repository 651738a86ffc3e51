"""The question: one subject, one licence item, one case, one officer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clearway.client.terms import ApplicationKind, written
from clearway.gen.v1 import check_service_pb2 as pb


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check to be made. Who applies is named by scheme and code, by name, or by both."""

    item: str
    """The licence item applied for, as coded in the catalogue."""

    case: str
    """The case in the licensing system."""

    officer: str
    """The officer who decides, as the licensing system names them."""

    scheme: str = ""
    """The numbering scheme of `code`, such as `cn-uscc`. It is given, never guessed."""

    code: str = field(default="", repr=False)
    """The applicant's code as written on the application. Only an exact, valid code can restrict or grant."""

    name: str = field(default="", repr=False)
    """The applicant's name. With a code it is compared; alone it yields at most a possible match."""

    kind: ApplicationKind = ApplicationKind.NEW
    """What is applied for."""

    materials: Sequence[str] = ()
    """Codes of the materials already supplied."""

    region: str = ""
    """Where the licence would apply. Empty: the authority's own region."""

    request_id: str = ""
    """The id for safe retries: asked again under it, the same check gets the recorded answer. Empty: one is made."""

    at_least_as_fresh: str = ""
    """A `revision` that the answer must have seen. Empty: as the index is."""

    annotations: Mapping[str, str] = field(default_factory=dict)
    """Your own notes, kept with the record. No personal data."""

    receipt: bool = False
    """Whether the answer shall carry a signed receipt, for a gate that lets no case pass without one."""

    def message(self) -> pb.CheckSubjectRequest:
        """The request as it is sent."""
        request = pb.CheckSubjectRequest(
            item_code=self.item,
            application_kind=written(self.kind),
            region_code=self.region,
            case_number=self.case,
            officer=self.officer,
            supplied_materials=self.materials,
            request_id=self.request_id,
            annotations=self.annotations,
            receipt=self.receipt,
        )
        request.subject.name = self.name
        if self.scheme or self.code:
            request.subject.identifier.scheme = self.scheme
            request.subject.identifier.value = self.code
        if self.at_least_as_fresh:
            request.consistency.at_least_as_fresh = self.at_least_as_fresh
        return request
