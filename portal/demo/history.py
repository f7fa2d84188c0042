"""What the demo tenant's product reported: a repeatable curve of usage, busier on working days and growing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random


def events(start: datetime, end: datetime, *, seed: int = 7) -> Iterator[dict[str, object]]:
    """Go through the usage events of [start, end): about nine a day for API calls, one each for storage and e-mails."""
    chance = Random(seed)  # noqa: S311 - a repeatable drawing, not a secret
    hour = start.replace(minute=30, second=0, microsecond=0)
    first = hour
    while hour < end:
        grown = 100 + (hour - first).days
        busy = 3 if hour.weekday() < 5 and 8 <= hour.hour <= 18 else 1
        if hour >= start and hour.hour % 2 == 0:
            calls = chance.randint(12, 30) * busy * grown // 100
            yield _event("api_calls", str(calls), hour)
        if hour >= start and hour.hour == 2:
            stored = 14_000 + 90 * grown + chance.randint(0, 900)
            yield _event("storage_gb", f"{stored // 1000}.{stored % 1000:03d}", hour)
        if hour >= start and hour.hour == 9:
            yield _event("emails", str((100 + chance.randint(0, 40)) * busy * grown // 100), hour)
        hour += timedelta(hours=1)


def batches(start: datetime, end: datetime, *, seed: int = 7) -> Iterator[bytes]:
    """Cut the events into bodies of at most 1,000, as the host product would post them."""
    found = list(events(start, end, seed=seed))
    for begin in range(0, len(found), 1_000):
        yield json.dumps({"events": found[begin : begin + 1_000]}).encode()


def _event(meter: str, quantity: str, at: datetime) -> dict[str, object]:
    return {
        "meter": meter,
        "quantity": quantity,
        "idempotency_key": f"demo-{meter}-{at:%Y%m%d%H}",
        "occurred_at": at.isoformat(),
    }
