"""The log itself: its newest signed tree, who vouches for it, and whether it continues the one seen before."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from clearway.catalogue.catalogue import Catalogue
from clearway.gen.v1 import transparency_pb2 as pb
from clearway.transparency.checkpoints import Checkpoint, parse_checkpoint
from clearway.transparency.notes import Note, NoteInvalid, Verifier, parse_note
from clearway.web.console.continuity import continuity_step, opened_checkpoint
from clearway.web.console.cookies import Cookies, kept_checkpoint
from clearway.web.console.pages import Pages
from clearway.web.console.signatures import log_keys, signature_step, witness_steps
from clearway.web.console.steps import Result, Step
from clearway.web.console.visit import Visit
from clearway.web.console.words import word

PATH = "/console/log"


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest signed tree as a service gave it, and who signed it."""

    given: pb.GetCheckpointResponse
    keys: str
    note: Note
    tree: Checkpoint
    signature: Step
    witnesses: tuple[Step, ...]


class LogPage:
    """Answers the addresses of the log."""

    def __init__(self, catalogue: Catalogue, pages: Pages, cookies: Cookies, witnesses: Sequence[Verifier]) -> None:
        self._catalogue = catalogue
        self._pages = pages
        self._cookies = cookies
        self._witnesses = witnesses

    async def show(self, visit: Visit) -> Response:
        """The page. The newest tree is held to the one that this browser saw last, and is kept where it keeps that."""
        newest = await self._newest(visit)
        if newest is None:
            return self._unreadable(visit)
        before = kept_checkpoint(visit.request)
        continuity = await self._continuity(visit, before, newest) if before else None
        response = self._page(visit, newest, continuity, before)
        # A promise that was not kept is what there is to show for it: it stays, until the visitor lets it go.
        if newest.signature.result is Result.HOLDS and (continuity is None or continuity.result is Result.HOLDS):
            self._cookies.keep_checkpoint(visit.request, response, without_witnesses(newest))
        return response

    async def compare(self, visit: Visit, fields: Mapping[str, str]) -> Response:
        """The page, with the newest tree held to a checkpoint that the visitor brought."""
        newest = await self._newest(visit)
        if newest is None:
            return self._unreadable(visit)
        brought = (fields.get("checkpoint", "").replace("\r\n", "\n") + "\n").encode()
        return self._page(visit, newest, await self._continuity(visit, brought, newest), brought, brought=True)

    async def forget(self, visit: Visit, _: Mapping[str, str]) -> Response:
        """Lets the checkpoint go that the browser kept."""
        response = RedirectResponse(PATH, 303)
        self._cookies.forget_checkpoint(visit.request, response)
        return response

    async def download(self, visit: Visit) -> Response:
        """The newest checkpoint as a file, to be kept elsewhere."""
        found = await visit.audit.checkpoint()
        headers = {"content-disposition": f'attachment; filename="log-{found.tree_size}.checkpoint"'}
        return Response(found.checkpoint, 200, headers, "text/plain; charset=utf-8")

    async def _newest(self, visit: Visit) -> Newest | None:
        """The newest tree; None where what was given is no checkpoint."""
        given, keys = await asyncio.gather(visit.audit.checkpoint(), visit.audit.log_keys())
        try:
            note = parse_note(given.checkpoint)
            tree = parse_checkpoint(note.text)
        except NoteInvalid:
            return None
        signature = signature_step(note, tree, log_keys(keys, tree.origin))
        return Newest(given, keys, note, tree, signature, witness_steps(note, self._witnesses))

    async def _continuity(self, visit: Visit, before: bytes, newest: Newest) -> Step:
        """Whether the newest tree continues the one of that checkpoint."""
        seen = opened_checkpoint(before, newest.keys)
        if seen is None:
            return Step(Result.FAILED, "seen_not_signed")
        hashes: Sequence[bytes] = ()
        if seen.origin == newest.tree.origin and seen.size < newest.tree.size:
            hashes = (await visit.audit.consistency(seen.size, newest.tree.size)).hashes
        return continuity_step(seen, newest.tree, hashes)

    def _page(
        self, visit: Visit, newest: Newest, continuity: Step | None, before: bytes, *, brought: bool = False
    ) -> Response:
        return self._pages.page(
            visit,
            "log.html",
            newest=newest,
            log_keys=[key.vkey for key in log_keys(newest.keys, newest.tree.origin)],
            continuity=continuity,
            before=before.decode("utf-8", "replace"),
            brought=brought,
            verified_at=f"{visit.moment.astimezone(self._catalogue.zone):%Y-%m-%d %H:%M:%S}",
        )

    def _unreadable(self, visit: Visit) -> Response:
        return self._pages.trouble(visit, 502, word("checkpoint_unreadable", visit.language))


def without_witnesses(newest: Newest) -> Note:
    """The newest tree's note with the log's own signatures alone, which fits into a cookie however many have signed."""
    keys = log_keys(newest.keys, newest.tree.origin)
    return Note(newest.note.text, tuple(one for one in newest.note.signatures if any(key.made(one) for key in keys)))
