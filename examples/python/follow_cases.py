"""Follow pending cases: hear of every answer that has changed since, from where the last run was left.

python follow_cases.py HOST:PORT CURSOR_FILE [HOW_MANY]
"""

import sys
from itertools import islice
from pathlib import Path

from clearway.client import After, Clearway, ConnectConfig, FromNow, Raise

target, cursor_file = sys.argv[1], Path(sys.argv[2])
how_many = int(sys.argv[3]) if len(sys.argv) > 3 else None
start = After(cursor_file.read_text()) if cursor_file.exists() else FromNow()
with Clearway(ConnectConfig(target), on_unavailable=Raise()) as clearway:
    for change in islice(clearway.watch_cases(start=start), how_many):
        print(f"{change.case}: {change.before} is now {change.after} ({', '.join(change.differs)})", flush=True)
        # Kept once the change is dealt with: what was not dealt with is told again.
        cursor_file.write_text(change.cursor)
