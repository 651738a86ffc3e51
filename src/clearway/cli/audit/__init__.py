"""`clearway audit`: what auditors read, over a running service.

- `search`: checks by subject, case, authority, officer, item, outcome, time
- `show`: one check whole, with its later history
- `report`: figures of checking, divided by authority, item, region, month
- `patterns`: what is worth a person's look
- `subject`: every check about a subject, to be handed over to it
"""

from __future__ import annotations

import click

from clearway.cli.audit import patterns, report, search, show, subject


@click.group()
def audit() -> None:
    """Search the log, see one check whole, get figures, patterns, and a subject's access to its own checks."""


for command in (search.search, show.show, report.report, patterns.patterns, subject.subject):
    audit.add_command(command)
