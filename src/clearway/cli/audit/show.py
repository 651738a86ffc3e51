"""`clearway audit show`: one check whole."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import click

from clearway.cli.audit.question import ask, asking, last_of, minutes, result_of
from clearway.cli.card import Card
from clearway.cli.output import as_json, console, print_facts, print_json, print_table
from clearway.gen.v1 import audit_reports_pb2 as pb


@click.command()
@click.argument("check_id")
@asking
def show(check_id: str, server: str | None, language: str | None, timeout: float, json_wanted: bool) -> None:
    """Show the check CHECK_ID: what the officer saw, what it was made from, what happened afterwards."""
    request = pb.ShowCheckRequest(check_id=check_id)
    found = ask(
        lambda stub, patience, metadata: stub.ShowCheck(request, timeout=patience, metadata=metadata),
        server,
        language,
        timeout,
        json_wanted,
    )
    if json_wanted:
        print_json(document(found))
        return
    print_facts(facts_of(found))
    if found.HasField("response"):
        Card(found.response).print(console)
    rows = [(minutes(later.recorded_at), what_happened(later), later.actor) for later in found.later]
    if rows:
        print_table(("recorded (UTC)", "afterwards", "by"), rows)


def document(found: pb.ShowCheckResponse) -> dict[str, Any]:
    """The check as JSON, with the JSON inside of it opened up."""
    whole = as_json(found)
    whole["facts"] = json.loads(found.facts) if found.facts else None
    for event, later in zip(whole["later"], found.later, strict=True):
        event["body"] = json.loads(later.body)
    return whole


def facts_of(found: pb.ShowCheckResponse) -> dict[str, object]:
    """What stands above the card."""
    check = found.check
    return {
        "check": check.check_id,
        "decided": f"{check.decided_at.ToDatetime(UTC):%Y-%m-%d %H:%M:%S} UTC",
        "result": result_of(check),
        "authority": f"{check.authority.name} ({check.authority.code})",
        "caller": check.caller,
        "officer": check.officer,
        "case": check.case_number,
        "item": check.item_code,
        "region": check.region_code,
        "subject": " ".join(filter(None, (check.scheme, check.subject, found.request.subject.name))),
        "revision": found.revision,
        "edition": f"{found.catalogue_edition.id} {found.catalogue_edition.content_hash[:12]}",
        "took": f"{found.elapsed_us / 1000:.3f} ms" if found.elapsed_us else "not measured",
    }


def what_happened(later: pb.LaterEvent) -> str:
    """An event in two lines."""
    kind = last_of(pb.LaterEventKind, later.kind).lower().replace("_", " ")
    details = {key: value for key, value in json.loads(later.body).items() if isinstance(value, str) and key != "event"}
    return f"{kind}: {later.event} {later.listing_id}".strip() + "\n" + ", ".join(map(": ".join, details.items()))
