"""The deferral service's methods. Acts are not retried by themselves: read the deferral before repeating one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date

from clearway.client import methods
from clearway.client.conversation import AsyncConversation, Conversation
from clearway.client.deferrals import Deferral, Lapsed, deferral_in
from clearway.gen.v1 import deferral_service_pb2 as pb


class Deferrals:
    """容缺受理 from commitment to completion. Every method raises `ClearwayError`; `timeout` is in seconds."""

    def __init__(self, conversation: Conversation) -> None:
        self._ask = conversation.ask

    def commit(
        self,
        check_id: str,
        *,
        officer: str,
        signatory: str,
        commitment_reference: str,
        timeout: float | None = None,
    ) -> Deferral:
        """Record the applicant's written commitment. `signatory` is a capacity, such as 法定代表人, never a name."""
        request = commitment(check_id, officer, signatory, commitment_reference)
        return deferral_in(self._ask(methods.COMMIT, request, timeout).deferral)

    def issue_notice(
        self, check_id: str, *, officer: str, notice_number: str = "", timeout: float | None = None
    ) -> Deferral:
        """Issue the notice: what is missing, in what form, by when, and what follows otherwise."""
        request = pb.IssueNoticeRequest(check_id=check_id, officer=officer, notice_number=notice_number)
        return deferral_in(self._ask(methods.ISSUE_NOTICE, request, timeout).deferral)

    def supplement(
        self, check_id: str, *, officer: str, materials: Sequence[str], timeout: float | None = None
    ) -> Deferral:
        """补正: record materials that arrived; the last one completes the deferral."""
        request = pb.SupplementRequest(check_id=check_id, officer=officer, materials=materials)
        return deferral_in(self._ask(methods.SUPPLEMENT, request, timeout).deferral)

    def extend(
        self, check_id: str, *, officer: str, reason: str, deadline: date, timeout: float | None = None
    ) -> Deferral:
        """Extend the deadline for force majeure, to the last day `deadline`."""
        request = pb.ExtendRequest(check_id=check_id, officer=officer, reason=reason, deadline=deadline.isoformat())
        return deferral_in(self._ask(methods.EXTEND, request, timeout).deferral)

    def withdraw(self, check_id: str, *, officer: str, reason: str = "", timeout: float | None = None) -> Deferral:
        """Record that the applicant withdrew."""
        request = pb.WithdrawRequest(check_id=check_id, officer=officer, reason=reason)
        return deferral_in(self._ask(methods.WITHDRAW, request, timeout).deferral)

    def lapse(self, check_id: str, *, officer: str, reason: str, timeout: float | None = None) -> Lapsed:
        """Return the file, deemed withdrawn: never a refusal."""
        request = pb.LapseRequest(check_id=check_id, officer=officer, reason=reason)
        return lapsed_in(self._ask(methods.LAPSE, request, timeout))

    def get(self, check_id: str, *, timeout: float | None = None) -> Deferral:
        """Read a deferral."""
        return deferral_in(self._ask(methods.GET_DEFERRAL, pb.GetDeferralRequest(check_id=check_id), timeout).deferral)

    def overdue(self, *, timeout: float | None = None) -> Iterator[Deferral]:
        """The asking authority's deferrals past their deadline, the longest overdue first, page by page."""
        token = ""
        while True:
            request = pb.ListOverdueDeferralsRequest(page_token=token)
            page = self._ask(methods.LIST_OVERDUE_DEFERRALS, request, timeout)
            yield from map(deferral_in, page.deferrals)
            token = page.next_page_token
            if not token:
                return


class AsyncDeferrals:
    """容缺受理 from commitment to completion. Every method raises `ClearwayError`; `timeout` is in seconds."""

    def __init__(self, conversation: AsyncConversation) -> None:
        self._ask = conversation.ask

    async def commit(
        self,
        check_id: str,
        *,
        officer: str,
        signatory: str,
        commitment_reference: str,
        timeout: float | None = None,
    ) -> Deferral:
        """Record the applicant's written commitment. `signatory` is a capacity, such as 法定代表人, never a name."""
        request = commitment(check_id, officer, signatory, commitment_reference)
        return deferral_in((await self._ask(methods.COMMIT, request, timeout)).deferral)

    async def issue_notice(
        self, check_id: str, *, officer: str, notice_number: str = "", timeout: float | None = None
    ) -> Deferral:
        """Issue the notice: what is missing, in what form, by when, and what follows otherwise."""
        request = pb.IssueNoticeRequest(check_id=check_id, officer=officer, notice_number=notice_number)
        return deferral_in((await self._ask(methods.ISSUE_NOTICE, request, timeout)).deferral)

    async def supplement(
        self, check_id: str, *, officer: str, materials: Sequence[str], timeout: float | None = None
    ) -> Deferral:
        """补正: record materials that arrived; the last one completes the deferral."""
        request = pb.SupplementRequest(check_id=check_id, officer=officer, materials=materials)
        return deferral_in((await self._ask(methods.SUPPLEMENT, request, timeout)).deferral)

    async def extend(
        self, check_id: str, *, officer: str, reason: str, deadline: date, timeout: float | None = None
    ) -> Deferral:
        """Extend the deadline for force majeure, to the last day `deadline`."""
        request = pb.ExtendRequest(check_id=check_id, officer=officer, reason=reason, deadline=deadline.isoformat())
        return deferral_in((await self._ask(methods.EXTEND, request, timeout)).deferral)

    async def withdraw(
        self, check_id: str, *, officer: str, reason: str = "", timeout: float | None = None
    ) -> Deferral:
        """Record that the applicant withdrew."""
        request = pb.WithdrawRequest(check_id=check_id, officer=officer, reason=reason)
        return deferral_in((await self._ask(methods.WITHDRAW, request, timeout)).deferral)

    async def lapse(self, check_id: str, *, officer: str, reason: str, timeout: float | None = None) -> Lapsed:
        """Return the file, deemed withdrawn: never a refusal."""
        request = pb.LapseRequest(check_id=check_id, officer=officer, reason=reason)
        return lapsed_in(await self._ask(methods.LAPSE, request, timeout))

    async def get(self, check_id: str, *, timeout: float | None = None) -> Deferral:
        """Read a deferral."""
        request = pb.GetDeferralRequest(check_id=check_id)
        return deferral_in((await self._ask(methods.GET_DEFERRAL, request, timeout)).deferral)

    async def overdue(self, *, timeout: float | None = None) -> AsyncIterator[Deferral]:
        """The asking authority's deferrals past their deadline, the longest overdue first, page by page."""
        token = ""
        while True:
            request = pb.ListOverdueDeferralsRequest(page_token=token)
            page = await self._ask(methods.LIST_OVERDUE_DEFERRALS, request, timeout)
            for deferral in page.deferrals:
                yield deferral_in(deferral)
            token = page.next_page_token
            if not token:
                return


def commitment(check_id: str, officer: str, signatory: str, commitment_reference: str) -> pb.CommitRequest:
    """The request that records a commitment."""
    return pb.CommitRequest(
        check_id=check_id, officer=officer, signatory=signatory, commitment_reference=commitment_reference
    )


def lapsed_in(message: pb.LapseResponse) -> Lapsed:
    """The lapse that a response carries."""
    return Lapsed(deferral_in(message.deferral), message.record_id, message.revision)
