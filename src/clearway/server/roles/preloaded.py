"""What the processes of every node have in common, loaded once before they are forked.

Loading makes next to nothing that a collection would free, so there is none. No collection of a forked process looks at
these objects again either: it would copy the pages they are on.
"""

from __future__ import annotations

import gc
from importlib import import_module

COMMON = ("follower", "notary", "shipper", "watcher", "worker")
"""The roles that every node has, by their modules here."""

gc.disable()
for _role in COMMON:
    import_module(f"{__package__}.{_role}")
gc.freeze()
gc.enable()
