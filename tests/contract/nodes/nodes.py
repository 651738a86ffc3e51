"""What tests of several nodes ask of them, and of their database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from clearway.gen.v1 import check_service_pb2 as pb
from clearway.postgresql.engine import parsed
from clearway.registry import commands
from clearway.registry.registry import Registry
from clearway.registry.synthetic import Character, code_of
from tests.contract.loaded import a_check, listing
from tests.node import RunningNode
from tests.postgres import Server

KEY = "ab" * 32
PATIENCE = 10.0


def rows_of(url: str) -> list[tuple[str, str]]:
    """(check id, case number) of every row of the central log."""
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT check_id, case_number FROM check_log ORDER BY seq").fetchall()


def ask(node: RunningNode, number: int | None = Character.SERIOUS, **changes: object) -> pb.CheckSubjectResponse:
    response: pb.CheckSubjectResponse = node.checks().CheckSubject(a_check(number, **changes), timeout=PATIENCE)
    return response


def age_of(response: pb.CheckSubjectResponse) -> float:
    return response.index_age.ToTimedelta().total_seconds()


def newly_listed(registry: Registry, number: int) -> str:
    """Lists a subject that nobody knew; gives the revision's token."""
    now = datetime.now(UTC)
    revision = registry.execute(
        commands.RegisterSubject("cn-uscc", code_of(number)),
        listing(number, "SAMR-SERIOUS", now.date()),
        actor="test",
        moment=now,
    )
    return f"r1.{registry.database_id()}.{revision}"


def end_connections(server: Server, url: str) -> None:
    query = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}")
    server.execute(query.format(sql.Literal(parsed(url).database)))


def postgres_processes(server: Server) -> list[int]:
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return [server.pid, *map(int, children)]
