"""容缺受理通知书: the paper that names what is missing, in what form, by when, and what follows otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.model import LicenceItem, Text
from clearway.decision.answer import Decision
from clearway.decision.explain import Language, say

_TITLE = Text(en="Deferral notice: {item}", zh="容缺受理通知书：{item}")
_MATERIALS = Text(en="The following materials are to be supplied by their deadlines:", zh="下列材料应在期限内补正：")
_DUE = Text(
    en="{number}. {name} — by {deadline}{provisional}. {how}",
    zh="{number}. {name} — 期限 {deadline}{provisional}。{how}",
)
_PROVISIONAL = Text(en=" (provisional)", zh="（暂定）")
_ISSUED = Text(
    en="No. {number} · case {case} · {authority} · {day}", zh="编号 {number} · 办件 {case} · {authority} · {day}"
)
_ONCE = Text(
    en="The application is accepted on the applicant's written commitment. This notice names, once and for all, "
    "everything that is still missing.",
    zh="根据申请人的书面承诺，本申请先行受理。尚缺的全部材料由本通知一次性告知。",
)
_LATER_ONLY = Text(
    en="A provisional deadline runs into a year whose working days are not yet published: it may become later, never "
    "earlier.",
    zh="暂定期限跨入尚未公布工作日安排的年度：公布后只会推后，不会提前。",
)
_AFTERWARDS = Text(
    en="The licence is issued after all of them have arrived. Where force majeure keeps the applicant from supplying "
    "in time, the deadline can be extended; tell the authority why.",
    zh="材料全部补齐后发证。因不可抗力不能按期补正的，可以说明理由，申请延长期限。",
)


class Due(msgspec.Struct, frozen=True):
    """A material that may follow: its name, how to supply it, and the last day for that."""

    name: Text
    how: Text
    deadline: date | None
    provisional: bool


class Heading(msgspec.Struct, frozen=True):
    """Which notice: its number, the case, who issues it, and on which day in the registry's zone."""

    number: str
    case_number: str
    authority: Text
    day: date


def deferral_notice(decision: Decision, item: LicenceItem, catalogue: Catalogue, language: Language) -> str:
    """The notice as an answer proposes it, before anybody has committed to anything."""
    due = (Due(m.material.name, m.material.how, m.deadline, m.provisional) for m in decision.materials.deferrable)
    return "\n".join(
        (
            say(_TITLE, language).format(item=say(item.name, language)),
            say(_MATERIALS, language),
            *due_lines(due, language),
            say(catalogue.edition.deferral.consequence, language),
        )
    )


def issued_notice(heading: Heading, item: Text, due: Iterable[Due], consequence: Text, language: Language) -> str:
    """The notice as it is handed over: everything that is missing, told once and for all."""
    missing = tuple(due)
    lines = [
        say(_TITLE, language).format(item=say(item, language)),
        say(_ISSUED, language).format(
            number=heading.number,
            case=heading.case_number,
            authority=say(heading.authority, language),
            day=heading.day.isoformat(),
        ),
        say(_ONCE, language),
        say(_MATERIALS, language),
        *due_lines(missing, language),
    ]
    if any(material.provisional for material in missing):
        lines.append(say(_LATER_ONLY, language))
    return "\n".join((*lines, say(_AFTERWARDS, language), say(consequence, language)))


def due_lines(due: Iterable[Due], language: Language) -> list[str]:
    """A line a material: its name, its deadline, and how to supply it."""
    return [
        say(_DUE, language).format(
            number=number,
            name=say(material.name, language),
            deadline=material.deadline,
            provisional=say(_PROVISIONAL, language) if material.provisional else "",
            how=say(material.how, language),
        )
        for number, material in enumerate(due, start=1)
    ]
