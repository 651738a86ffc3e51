"""Check a day's applications, hundreds at a time, without waiting for one before asking for the next.

python check_many.py [HOST:PORT]
"""

import asyncio
import sys
from collections import Counter

from clearway.client import Answer, AsyncClearway, Check, ConnectConfig, Raise, RequestRefused

CODES = ["919999990000000353", "919999999999999984", "919999990000000354"]  # the last one is mistyped


async def main(target: str) -> None:
    """Count what the day brings."""
    applications = (
        Check(scheme="cn-uscc", code=CODES[n % 3], item="FOOD-OPERATION", case=f"DAY-{n}", officer="o-7")
        for n in range(300)
    )
    found: Counter[str] = Counter()
    async with AsyncClearway(ConnectConfig(target, timeout=10), on_unavailable=Raise()) as clearway:
        async for result in clearway.check_batch(applications):
            match result:
                case Answer():
                    found[result.outcome] += 1
                case RequestRefused():
                    found[result.reason_name] += 1
    for what, count in found.most_common():
        print(f"{what}: {count}")


asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051"))
