"""For integrators' tests: a Clearway in memory that answers what a test says.

`FakeClearway` hands out real clients (`Clearway`, `AsyncClearway`) that speak with it in the same process, and serves
the same script over gRPC on loopback for tests in other languages. `decisions` makes whole answers to script.

May import `clearway.client`, `clearway.gen` and `clearway.subjects`. Belongs in tests: nothing of Clearway imports it.
"""

from __future__ import annotations

from clearway.testing import decisions
from clearway.testing.fake import FakeClearway
from clearway.testing.script import Received, Script

__all__ = ["FakeClearway", "Received", "Script", "decisions"]
