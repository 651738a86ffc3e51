"""What the processes of every node have in common, loaded once before they are forked."""

from __future__ import annotations

import gc

from clearway.server.roles import follower, notary, shipper, watcher, worker

__all__ = ["follower", "notary", "shipper", "watcher", "worker"]

# No collection of a forked process looks at these objects again: it would copy the pages they are on.
gc.collect()
gc.freeze()
