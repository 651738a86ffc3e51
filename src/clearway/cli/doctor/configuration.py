"""What the settings name: the catalogue, the feeds, the webhooks, the keys."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.complaints import CatalogueRejected
from clearway.catalogue.loader import load_catalogue
from clearway.cli.doctor.findings import Finding, sound, wrong
from clearway.registry.schedule import FeedsRejected
from clearway.server.keys import KEY_FILE, KeyUnreadable, load_keys, load_view_key
from clearway.server.settings import Settings
from clearway.server.sources import scheduled_feeds
from clearway.server.watching.endpoints import WebhooksRejected, load_webhooks


def settings(settings: Settings) -> Iterator[Finding]:
    """The files that the settings name, each held to its rules."""
    try:
        catalogue = load_catalogue(settings.catalogue)
    except CatalogueRejected as rejected:
        yield wrong(
            f"the catalogue is rejected: {len(rejected.complaints)} complaints",
            f"run `clearway catalogue check {settings.catalogue}`",
        )
        return
    yield sound(f"catalogue {catalogue.edition.edition}, in the zone {catalogue.zone}")
    yield from _authority(settings, catalogue)
    yield from _feeds(settings)
    yield from _webhooks(settings, catalogue)


def _authority(settings: Settings, catalogue: Catalogue) -> Iterator[Finding]:
    if catalogue.find_authority(settings.authority) is None:
        yield wrong(
            f"the catalogue has no authority {settings.authority}: the node does not start",
            "set CLEARWAY_AUTHORITY to one of the catalogue's authorities",
        )


def _feeds(settings: Settings) -> Iterator[Finding]:
    if settings.feeds is None:
        return
    try:
        yield sound(f"{len(scheduled_feeds(settings))} feeds on schedule")
    except FeedsRejected as rejected:
        yield wrong(f"the feeds file is rejected: {rejected}", f"run `clearway feeds check {settings.feeds}`")


def _webhooks(settings: Settings, catalogue: Catalogue) -> Iterator[Finding]:
    if settings.webhooks is None:
        return
    try:
        yield sound(f"{len(load_webhooks(settings.webhooks, catalogue))} endpoints are told of changes")
    except WebhooksRejected as rejected:
        yield wrong(f"the webhooks file is rejected: {rejected}", f"mend {settings.webhooks}")


def keys(settings: Settings) -> Iterator[Finding]:
    """The keys of subject hashes and of view tokens: there, whole, and nobody else's to read."""
    yield from _subject_keys(settings)
    yield from _view_key(settings)


def _subject_keys(settings: Settings) -> Iterator[Finding]:
    path = settings.data_dir / KEY_FILE
    if not settings.subject_key and not path.exists():
        yield wrong(
            f"{path} is missing: subjects recorded under it cannot be found any more",
            "put the key back from its backup, or give it as CLEARWAY_SUBJECT_KEY; a new key would find nobody",
        )
        return
    try:
        found = load_keys(settings)
    except KeyUnreadable as fault:
        yield wrong(str(fault), "put the key back from its backup")
        return
    yield sound(f"subject key {found.fingerprint} ({'given' if settings.subject_key else path})")
    if found.former:
        yield sound(f"former subject keys: {', '.join(found.ids[1:])}")
    if not settings.subject_key:
        yield from privacy(path, 0o600)
        yield from privacy(path.parent, 0o700)


def _view_key(settings: Settings) -> Iterator[Finding]:
    path = settings.data_dir / "keys" / "view.key"
    if settings.view_key or not path.exists():
        return  # One that is missing is made at the next start, and costs nothing but open cards.
    try:
        load_view_key(settings)
    except KeyUnreadable as fault:
        yield wrong(str(fault), "remove it and restart the node: open cards and sessions of the console end")
        return
    yield from privacy(path, 0o600)


def privacy(place: Path, mode: int) -> Iterator[Finding]:
    """A secret's file (0o600) or the folder of such (0o700): nobody else of the machine may read it."""
    if stat.S_IMODE(place.stat().st_mode) & 0o077:
        yield wrong(f"{place} can be read by others of this machine", f"chmod {mode:o} {place}")
