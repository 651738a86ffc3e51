"""The access file as a worker holds it: read again when it changes, kept as it was where the change cannot be used."""

from __future__ import annotations

from pathlib import Path

import structlog

from clearway.access.loader import AccessRejected, load_access
from clearway.access.principals import Access
from clearway.catalogue.catalogue import Catalogue
from clearway.server.files import stamp_of

_log = structlog.get_logger(__name__)


class AccessFile:
    """Everybody who may call, as the file says now."""

    def __init__(self, path: Path, catalogue: Catalogue) -> None:
        """Raises `AccessRejected`."""
        self._path = path
        self._catalogue = catalogue
        self._stamp = stamp_of(path)
        self.access: Access = load_access(path, catalogue)

    @property
    def has_changed(self) -> bool:
        """Whether the file is no longer the one that was read last."""
        return stamp_of(self._path) != self._stamp

    def refresh(self) -> bool:
        """Read the file again, and say whether what it says now is used.

        A file with a mistake changes nothing, and the service's log says so: whoever could call still can, and whoever
        was meant to be taken out still can too.
        """
        self._stamp = stamp_of(self._path)
        try:
            self.access = load_access(self._path, self._catalogue)
        except AccessRejected as rejected:
            first = rejected.complaints[0]
            _log.error("access_file_rejected", complaints=len(rejected.complaints), line=first.line, rule=first.rule)
            return False
        _log.info("access_file_read", principals=len(self.access.principals))
        return True
