"""An answer as an officer reads it: the outcome first, then each reason with its basis, term and remedies."""

from __future__ import annotations

from datetime import UTC

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text as RichText

from clearway.decision.answer import Outcome
from clearway.decision.explain import OUTCOMES, Language, say
from clearway.gen.v1 import check_service_pb2 as pb
from clearway.gen.v1 import decision_pb2

COLOURS = {
    Outcome.RESTRICTION: "red",
    Outcome.DEFERRED_ACCEPTANCE: "cyan",
    Outcome.GREEN_CHANNEL: "green",
    Outcome.ORDINARY: "blue",
    Outcome.UNDETERMINED: "yellow",
}
LABELS = {
    "measure": ("Measure", "措施"),
    "basis": ("Legal basis", "依据"),
    "list": ("List", "名单"),
    "document": ("Document", "文书"),
    "designated": ("Designated by", "认定部门"),
    "implemented": ("Implemented by", "实施部门"),
    "term": ("In force", "期限"),
    "objection": ("To object", "异议"),
    "repair": ("To repair", "修复"),
    "missing": ("Missing, essential", "缺少必备材料"),
    "deferrable": ("May follow", "可容缺材料"),
    "lacking": ("Missing", "缺少材料"),
}
FORCES = {
    decision_pb2.MEASURE_FORCE_MANDATORY: ("mandatory", "强制性"),
    decision_pb2.MEASURE_FORCE_RECOMMENDED: ("recommended", "推荐性"),
}


class Card:
    """Draws one answer in its own language."""

    def __init__(self, response: pb.CheckSubjectResponse) -> None:
        self._response = response
        self._decision = response.decision
        self._language = Language(response.decision.explanation.language or "en")

    def print(self, console: Console) -> None:
        """Print the card."""
        outcome = outcome_of(self._decision.outcome)
        title = f"[bold]{escape(say(OUTCOMES[outcome], self._language))}[/]"
        parts: list[RenderableType] = [RichText(self._decision.explanation.text)]
        parts += [self._reason(reason) for reason in self._decision.restrictions]
        parts += [self._reason(reason) for reason in self._decision.incentives]
        parts += self._materials()
        parts += [RichText(f"• {notice.text}", style="yellow") for notice in self._decision.notices]
        parts.append(RichText(self._footer(), style="dim"))
        console.print(Panel(Group(*spaced(parts)), title=title, title_align="left", border_style=COLOURS[outcome]))

    def _label(self, name: str) -> str:
        return LABELS[name][self._language is Language.ZH_CN]

    def _reason(self, reason: decision_pb2.Reason) -> RenderableType:
        force = FORCES.get(reason.force, ("", ""))[self._language is Language.ZH_CN]
        if reason.effect == decision_pb2.MEASURE_EFFECT_INCENTIVE:
            force = ""
        rows = {
            "measure": f"{reason.measure_name}" + (f" ({force})" if force else ""),
            "basis": basis_words(reason.legal_basis),
            "list": reason.regime_name,
            "document": " ".join(filter(None, (reason.document.number, reason.document.date))),
            "designated": reason.designating_authority.name,
            "implemented": reason.implementing_authority.name,
            "term": self._term(reason.term),
            "objection": channel_words(reason.objection),
            "repair": channel_words(reason.repair),
        }
        return self._grid(rows)

    def _term(self, term: decision_pb2.Term) -> str:
        start = getattr(term, "from") or "…"
        if term.until:
            return f"{start} → {term.until}"
        if term.ends_on_event:
            confirmed = f" ({'来源确认于' if self._language is Language.ZH_CN else 'confirmed'} {term.confirmed_on})"
            return f"{start} → {term.ends_on_event}{confirmed if term.confirmed_on else ''}"
        return f"{start} →"

    def _materials(self) -> list[RenderableType]:
        materials = self._decision.materials
        rows = {"missing": "\n".join(f"{m.name} ({m.code})" for m in materials.missing_essential)}
        for material in materials.deferrable:
            name = "deferrable" if material.deadline else "lacking"
            due = f" — {material.deadline}{' ?' if material.provisional else ''}" if material.deadline else ""
            line = f"{material.name} ({material.code}){due}"
            rows[name] = "\n".join(filter(None, (rows.get(name), line)))
        return [self._grid(rows)] if any(rows.values()) else []

    def _grid(self, rows: dict[str, str]) -> Table:
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in rows.items():
            if value:
                grid.add_row(self._label(name), escape(value))
        return grid

    def _footer(self) -> str:
        decided = self._response.decided_at.ToDatetime(UTC).astimezone().isoformat(timespec="seconds")
        edition = self._response.catalogue_edition
        parts = [f"check {self._response.check_id}", decided, f"{edition.id} {edition.content_hash[:12]}"]
        if self._decision.HasField("expires_at"):
            until = self._decision.expires_at.ToDatetime(UTC).astimezone().isoformat(timespec="minutes")
            parts.append(f"{'有效至' if self._language is Language.ZH_CN else 'holds until'} {until}")
        return " · ".join(parts)


def outcome_of(value: decision_pb2.Outcome.ValueType) -> Outcome:
    """The outcome of a wire value."""
    return Outcome(decision_pb2.Outcome.Name(value).removeprefix("OUTCOME_"))


def basis_words(basis: decision_pb2.LegalBasis) -> str:
    """A legal basis in one line."""
    number = f" ({basis.document_number})" if basis.document_number else ""
    return f"{basis.title} {basis.article}{number}".strip()


def channel_words(channel: decision_pb2.Channel) -> str:
    """A remedy in one line: to whom, how, where."""
    head = f"{channel.authority.name}: {channel.how}" if channel.authority.name else channel.how
    return " · ".join(filter(None, (head, channel.phone, channel.url)))


def spaced(parts: list[RenderableType]) -> list[RenderableType]:
    """The parts with a blank line between neighbours."""
    out: list[RenderableType] = []
    for part in parts:
        out += [part, ""]
    return out[:-1]
