"""`clearway audit subject`: every check about a subject, as a text or JSON to be handed over to that subject."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

import click

from clearway.catalogue.model import Text
from clearway.cli.audit.question import ask, asking, pages
from clearway.cli.card import basis_words, channel_words, outcome_of
from clearway.cli.output import as_json, print_json
from clearway.decision.explain import OUTCOMES, Language, say
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.gen.v1 import decision_pb2
from clearway.gen.v1.subject_pb2 import Identifier

PAGE = 200

TITLE = Text(en="Checks about {subject}", zh="关于 {subject} 的查询记录")
PREFACE = Text(
    en="Every check that was recorded under this code: who asked, when, why, and what was answered. Checks that were "
    "refused, or that gave a name alone or a masked code, are not found by a code.",
    zh="以下为以该代码记录的全部查询：何人、何时、因何查询及答复内容。被拒的查询，以及仅按名称或遮蔽代码的查询，无法按代码检索。",
)
NOTHING = Text(en="No check is recorded under this code.", zh="该代码没有查询记录。")
RIGHTS = Text(
    en="You may object to a listing that is wrong, and apply for repair, with the authorities named above.",
    zh="对列入有异议的，可以向上述部门提出异议；符合条件的，可以向上述部门申请信用修复。",
)
ERASED = Text(
    en="Besides these, {count} rows of the log were erased when their time was over or by order. Whether any of them "
    "was about this code cannot be told any more.",
    zh="此外，日志中有 {count} 行记录因保存期满或依命令已被清除，其中是否涉及该代码已无从得知。",
)
LABELS = {
    "when": Text(en="When", zh="时间"),
    "who": Text(en="Who asked", zh="查询机关"),
    "officer": Text(en="Officer", zh="经办人"),
    "why": Text(en="Why", zh="查询事由"),
    "answer": Text(en="What was answered", zh="答复内容"),
    "reason": Text(en="Reason", zh="依据事实"),
    "basis": Text(en="Legal basis", zh="法律依据"),
    "objection": Text(en="To object", zh="异议渠道"),
    "repair": Text(en="To repair", zh="信用修复渠道"),
    "check": Text(en="Check", zh="查询编号"),
}
WHY = Text(en="case {case}, licence item {item}", zh="办件 {case}，许可事项 {item}")


@click.command()
@click.argument("code")
@click.option("--scheme", required=True, help="Scheme of the code, such as cn-uscc.")
@asking
def subject(
    code: str, scheme: str, server: str | None, language: str | None, timeout: float, json_wanted: bool
) -> None:
    """Print every check about the subject CODE, to be handed over to it; `-` reads the code from standard input.

    By an exact code only: a name or a masked code names nobody for certain.
    """
    given = sys.stdin.readline().strip() if code == "-" else code

    def question(stub: Any, patience: float, metadata: Any) -> list[pb.ReportSubjectAccessResponse]:
        request = pb.ReportSubjectAccessRequest(identifier=Identifier(scheme=scheme, value=given), page_size=PAGE)
        return list(pages(request, lambda r: stub.ReportSubjectAccess(r, timeout=patience, metadata=metadata)))

    found = ask(question, server, language, timeout, json_wanted)
    entries = [entry for page in found for entry in page.entries]
    shown, erased = found[0].subject, found[0].erased_rows
    if json_wanted:
        document = {"subject": shown, "checks": [as_json(entry) for entry in entries], "erased_rows": erased}
        print_json(document)
    else:
        click.echo("\n".join(letter(shown, entries, Language(language or Language.EN), erased)))


def letter(shown: str, entries: Sequence[pb.SubjectAccessEntry], language: Language, erased: int = 0) -> Iterator[str]:
    """The text, line by line. What was answered stands in the language in which it was answered."""
    yield say(TITLE, language).format(subject=shown)
    yield ""
    yield say(PREFACE if entries else NOTHING, language)
    for number, entry in enumerate(entries, 1):
        yield ""
        yield f"{number}."
        for name, value in lines_of(entry, language):
            # What an officer typed must not make lines of its own.
            yield f"   {say(LABELS[name], language)}: {' '.join(value.split())}"
    if any(entry.decision.restrictions for entry in entries):
        yield ""
        yield say(RIGHTS, language)
    if erased:
        yield ""
        yield say(ERASED, language).format(count=erased)


def lines_of(entry: pb.SubjectAccessEntry, language: Language) -> Iterator[tuple[str, str]]:
    """What is told of one check, with the names of its lines."""
    check = entry.check
    yield "when", f"{check.decided_at.ToDatetime(UTC):%Y-%m-%d %H:%M:%S} UTC"
    yield "who", f"{check.authority.name} ({check.authority.code})" if check.authority.name else check.authority.code
    yield "officer", check.officer
    yield "why", say(WHY, language).format(case=check.case_number, item=check.item_code)
    outcome = say(OUTCOMES[outcome_of(check.outcome)], language)
    yield "answer", f"{outcome}. {entry.decision.explanation.text}"
    for reason in (*entry.decision.restrictions, *entry.decision.incentives):
        yield from told_reason(reason)
    yield "check", check.check_id


def told_reason(reason: decision_pb2.Reason) -> Iterator[tuple[str, str]]:
    """A restriction or an incentive: on which listing, on what basis, and its remedies."""
    document = " ".join(filter(None, (reason.document.number, reason.document.date)))
    told = (reason.measure_name, reason.regime_name, document, reason.designating_authority.name)
    yield "reason", ", ".join(filter(None, told))
    for name, value in (
        ("basis", basis_words(reason.legal_basis)),
        ("objection", channel_words(reason.objection)),
        ("repair", channel_words(reason.repair)),
    ):
        if value:
            yield name, value
