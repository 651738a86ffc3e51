"""`clearway registry keys`, `rotate-key`: which subject keys natural persons are found with, and another one."""

from __future__ import annotations

from pathlib import Path

import click

from clearway.cli.exits import Exit
from clearway.cli.output import as_builtins, fail, print_json, print_table
from clearway.cli.registry.group import data_dir_option, json_option, registry
from clearway.cli.settings import settings_from
from clearway.registry.database import open_engine, schema_of
from clearway.registry.errors import RegistryError
from clearway.registry.migrations import HEAD
from clearway.registry.registry import Registry
from clearway.registry.tokens import KeyState
from clearway.server.keys import KeyUnreadable, load_keys, renew_subject_key
from clearway.server.settings import Settings


@registry.command("keys")
@data_dir_option
@json_option
def keys(data_dir: Path | None, json_wanted: bool) -> None:
    """Show every subject key of the record, and how many natural persons still need it.

    Exit code 1 where one that is needed is not given.
    """
    states = states_of(settings_from({"data_dir": data_dir}))
    if json_wanted:
        print_json([as_builtins(state) | {"state": word_of(state)} for state in states])
    else:
        rows = (
            (
                state.key_id,
                word_of(state),
                f"{state.adopted_at:%Y-%m-%d %H:%M}",
                f"{state.numbers:,}",
                f"{state.waiting:,}",
                f"{state.only_here:,}",
            )
            for state in states
        )
        print_table(("key", "state", "since (UTC)", "natural persons", "not yet current", "found by no other"), rows)
    if any(state.only_here and not state.given for state in states):
        raise SystemExit(Exit.FAILED)


@registry.command("rotate-key")
@data_dir_option
def rotate_key(data_dir: Path | None) -> None:
    """Make another subject key in keys/subject.key, and print its id. Restart the node afterwards.

    The keys there were stay in the file, as former ones. Take the file to every node.
    """
    settings = settings_from({"data_dir": data_dir})
    try:
        click.echo(renew_subject_key(settings).fingerprint)
    except (KeyUnreadable, OSError) as fault:
        fail(str(fault), Exit.FAILED)


def states_of(settings: Settings) -> tuple[KeyState, ...]:
    """What needs which key, of a record that is there; it is asked also where a key is missing."""
    if not settings.database and not (settings.data_dir / "registry.db").exists():
        fail("there is no record yet", Exit.FAILED)
    try:
        engine = open_engine(settings.registry_url)
        if schema_of(engine) != HEAD:
            fail("the record is of another version; `clearway doctor` says more", Exit.FAILED)
        with Registry(engine, load_keys(settings)) as record:
            return record.key_states()
    except (RegistryError, KeyUnreadable, OSError) as fault:
        fail(str(fault), Exit.FAILED)


def word_of(state: KeyState) -> str:
    """What a key is."""
    if state.current:
        return "current"
    return "former" if state.given else "not given"
