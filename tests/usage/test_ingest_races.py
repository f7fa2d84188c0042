"""The same events from several senders at once: each counts once, and the sums are those of the events."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import sqlalchemy as sa

from portal.extensions import db
from portal.usage.ingest import ingest
from portal.usage.models import Meter, UsageDay, UsageEvent, UsageHour
from portal.web.unit_of_work import Portal
from tests.fixtures.cast import Cast
from tests.fixtures.usage import batch, event

SENDERS = 4
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=3)


def test_overlapping_batches_in_any_order_count_each_event_once(
    app: Portal, cast: Cast, meters: Callable[[str], Meter]
) -> None:
    tenant_id, together, chance = cast.tenant.id, Barrier(SENDERS), random.Random(7)
    events = [event(f"k{number}", number, at=NOON + timedelta(minutes=7 * number)) for number in range(200)]
    orders = [chance.sample(events, len(events)) for _ in range(SENDERS)]
    db.session.commit()

    def send(order: int) -> int:
        with app.app_context():
            together.wait(timeout=10)
            return sum(
                ingest(tenant_id, batch(*orders[order][start : start + 50])).accepted
                for start in range(0, 200, 50)
            )

    with ThreadPoolExecutor(SENDERS) as pool:
        accepted = list(pool.map(send, range(SENDERS)))
    assert sum(accepted) == 200
    whole = sum(range(200))
    for column in (UsageEvent.quantity, UsageHour.quantity, UsageDay.quantity):
        assert db.session.scalar(sa.select(sa.func.sum(column))) == whole
