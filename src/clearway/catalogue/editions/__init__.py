"""The edition files shipped with Clearway, each named by its file name without `.yaml`."""

from __future__ import annotations

from importlib import resources


def edition_names() -> tuple[str, ...]:
    """The names of the shipped editions, in alphabetical order."""
    files = resources.files(__name__).iterdir()
    return tuple(sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml")))


def edition_file(name: str) -> tuple[str, bytes]:
    """The file name and bytes of a shipped edition. KeyError where none has that name."""
    if name not in edition_names():
        raise KeyError(name)
    return f"{name}.yaml", resources.files(__name__).joinpath(f"{name}.yaml").read_bytes()
