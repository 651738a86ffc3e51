"""Running a command as a shell would, without a process and without a socket; and a service that is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import grpc
from click.testing import CliRunner, Result
from google.rpc import status_pb2

from clearway.cli.main import cli

CODE = "919999990000000353"
OTHER_CODE = "919999990000000278"
"""Valid codes of nobody: no region has the digits 999999."""


def run(*arguments: object, stdin: str | None = None, **environment: str) -> Result:
    """Run `clearway` with these arguments; a crash is raised, not swallowed."""
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], input=stdin, env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def document(result: Result) -> Any:
    """The one JSON document on standard output."""
    return json.loads(result.stdout)


def lines(result: Result) -> list[Any]:
    """The JSON documents on standard output, one a line."""
    return [json.loads(line) for line in result.stdout.splitlines()]


class Failed(grpc.RpcError):
    """A failed call as a channel raises it."""

    def __init__(self, code: grpc.StatusCode, message: str, status: status_pb2.Status | None = None) -> None:
        super().__init__()
        self._code = code
        self._message = message
        details = ("grpc-status-details-bin", status.SerializeToString()) if status else None
        self._trailing = (details,) if details else ()

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._message

    def trailing_metadata(self) -> Any:
        return self._trailing


Service = Callable[[str | None], AbstractContextManager[Any]]


def service(stub: object) -> Service:
    """What stands in for `check_service`: the stub, whatever address is asked for."""

    @contextmanager
    def opened(server: str | None) -> Iterator[Any]:
        yield stub

    return opened
