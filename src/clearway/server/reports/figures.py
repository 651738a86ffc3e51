"""Figures of checking over a period, divided by authority, item, region, month, reason, regime."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from clearway.catalogue.catalogue import Catalogue
from clearway.decision.explain import Language, say
from clearway.gen.v1 import audit_reports_pb2 as pb
from clearway.querylog.reader import Log
from clearway.registry.registry import Registry
from clearway.server.call import Call, Methods
from clearway.server.checks import Clock
from clearway.server.registry_door import RegistryDoor
from clearway.server.reports.counting import Sources, question_of
from clearway.server.reports.definitions import DEFINITIONS, NAMES
from clearway.server.reports.kinds import KINDS, Kind
from clearway.server.reports.sheet import Place, Sheet, Tally
from clearway.server.reports.turn import Turn


class Figures:
    """Counts reports from the log and the registry. `due` is how long after a check its outcome is to be reported.

    A report costs a look at each row of its period in an index of the log, and for reports of cases one at each case's
    events. It has the checks of every authority.
    """

    def __init__(
        self,
        log: Log,
        door: RegistryDoor,
        catalogue: Catalogue,
        language: Language,
        due: timedelta,
        clock: Clock,
        turn: Turn,
    ) -> None:
        self._log = log
        self._door = door
        self._catalogue = catalogue
        self._language = language
        self._due = due
        self._clock = clock
        self._turn = turn

    def methods(self) -> Methods:
        """What is offered of the audit service."""
        return (("ReportFigures", pb.ReportFiguresRequest, self.report),)

    async def report(self, request: pb.ReportFiguresRequest, call: Call) -> bytes:
        """The report. Raises `Refusal` INVALID_REQUEST for a period or a dimension that it cannot have."""
        kind = KINDS[request.kind]
        question = question_of(request, kind.dimensions, "this report is not divided by that")
        moment = self._clock()

        def counted(registry: Registry) -> tuple[Sheet, int]:
            sheet = Sheet(question.dimensions)
            kind.count(Sources(self._log, registry, self._catalogue, self._due, moment), question, sheet)
            return sheet, self._log.erased(question.scope.since, question.scope.until) if kind.of_checks else 0

        sheet, erased = await self._turn.take(lambda: self._door.read(counted))
        response = response_of(kind, sheet, request.fold_below, call.language(self._language))
        response.erased_rows = erased
        return response.SerializeToString()


def response_of(kind: Kind, sheet: Sheet, fold_below: int, language: Language) -> pb.ReportFiguresResponse:
    """The sheet on the wire, small groups taken together if asked for."""
    total = sheet.total()
    folded = sheet.fold(kind.figures[0], fold_below) if fold_below else None
    response = pb.ReportFiguresResponse(
        definitions=[
            pb.FigureDefinition(
                figure=figure, name=say(NAMES[figure], language), definition=say(DEFINITIONS[figure], language)
            )
            for figure in kind.figures
        ],
        groups=[group_of(kind, place, tally) for place, tally in sorted(sheet.groups.items(), key=at_its_place)],
        total=group_of(kind, Place(), total),
    )
    if folded is not None:
        group = group_of(kind, Place(), folded)
        group.folded = True
        response.groups.append(group)
    return response


def at_its_place(group: tuple[Place, Tally]) -> Place:
    """What groups are ordered by."""
    return group[0]


def group_of(kind: Kind, place: Place, tally: Tally) -> pb.ReportGroup:
    """A group on the wire."""
    return pb.ReportGroup(**place._asdict(), figures=values_of(kind.figures, tally))


def values_of(figures: Iterable[pb.Figure.ValueType], tally: Tally) -> list[pb.FigureValue]:
    """The figures of a tally."""
    return [pb.FigureValue(figure=figure, value=tally.value(figure)) for figure in figures]
