"""A deferral as an officer reads it: where it stands, what is missing and by when, the notice, what happened."""

from __future__ import annotations

from datetime import UTC

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text as RichText

from clearway.cli.card import spaced
from clearway.gen.v1 import deferral_service_pb2 as pb

STATES = {
    pb.DEFERRAL_STATE_OFFERED: ("Offered", "blue"),
    pb.DEFERRAL_STATE_COMMITTED: ("Committed", "cyan"),
    pb.DEFERRAL_STATE_NOTICE_ISSUED: ("Notice issued", "cyan"),
    pb.DEFERRAL_STATE_EXTENDED: ("Extended", "cyan"),
    pb.DEFERRAL_STATE_COMPLETED: ("Completed", "green"),
    pb.DEFERRAL_STATE_LAPSED: ("Returned, deemed withdrawn (no refusal)", "yellow"),
    pb.DEFERRAL_STATE_WITHDRAWN: ("Withdrawn by the applicant", "yellow"),
}


class DeferralCard:
    """Draws one deferral."""

    def __init__(self, deferral: pb.Deferral) -> None:
        self._deferral = deferral

    def print(self, console: Console) -> None:
        """Print the card."""
        state, colour = STATES[self._deferral.state]
        overdue = " [bold yellow]· overdue[/]" if self._deferral.overdue else ""
        parts: list[RenderableType] = [self._facts(), self._materials()]
        if self._deferral.HasField("notice"):
            parts += [RichText(self._deferral.notice.text_en), RichText(self._deferral.notice.text_zh)]
        parts += [self._acts()] if self._deferral.acts else []
        parts.append(RichText(f"check {self._deferral.check_id}", style="dim"))
        title = f"[bold]Deferred acceptance: {state}[/]{overdue}"
        console.print(Panel(Group(*spaced(parts)), title=title, title_align="left", border_style=colour))

    def _facts(self) -> Table:
        deferral = self._deferral
        rows = {
            "Case": deferral.case_number,
            "Licence item": deferral.item_code,
            "Signed by": deferral.signatory,
            "Commitment": deferral.commitment_reference,
            "Last day": deferral.deadline,
        }
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in rows.items():
            if value:
                grid.add_row(name, escape(value))
        return grid

    def _materials(self) -> Table:
        table = Table(header_style="bold")
        for column in ("material", "by", "arrived"):
            table.add_column(column, overflow="fold")
        for material in self._deferral.materials:
            by = f"{material.deadline}{' (provisional)' if material.provisional else ''}"
            arrived = ""
            if material.HasField("supplied_at"):
                arrived = f"{material.supplied_at.ToDatetime(UTC).astimezone():%Y-%m-%d %H:%M}"
            table.add_row(escape(f"{material.name} ({material.code})"), by, arrived)
        return table

    def _acts(self) -> Table:
        table = Table(header_style="bold")
        for column in ("when", "what", "officer", "why, which"):
            table.add_column(column, overflow="fold")
        for act in self._deferral.acts:
            when = f"{act.recorded_at.ToDatetime(UTC).astimezone():%Y-%m-%d %H:%M}"
            why = act.reason or ", ".join(act.materials)
            table.add_row(when, act.kind.replace("_", " "), escape(act.officer), escape(why))
        return table
