"""How a worker collects garbage: often and little, and never what start-up made."""

from __future__ import annotations

import subprocess
import sys

SETTLED = """
import gc
from clearway.server.memory import settle
kept = [[] for _ in range(1000)]
settle()
passes = []
gc.callbacks.append(lambda phase, info: passes.append(info["collected"]) if phase == "stop" else None)
for _ in range(20_000):
    cycle = []
    cycle.append(cycle)
del cycle
print(gc.get_freeze_count() > len(kept), max(passes), sum(passes))
"""


def test_cycles_are_freed_a_few_at_a_time_and_what_start_up_made_is_left_alone() -> None:
    """In a process of its own: what is frozen stays frozen."""
    ran = subprocess.run([sys.executable, "-c", SETTLED], capture_output=True, text=True, check=True, timeout=60)
    frozen, longest, freed = ran.stdout.split()
    assert frozen == "True"
    assert int(longest) <= 1_100
    assert int(freed) >= 18_000
