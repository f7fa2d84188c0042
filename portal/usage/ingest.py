"""Takes usage events from the host product. A hot path: two short transactions on connections of its own, one that
reads what the batch is checked against and one that writes, and no ORM objects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from portal.customers.models import Customer
from portal.extensions import db
from portal.kit.clock import utcnow
from portal.subscriptions.models import LIVE, Subscription, SubscriptionItem
from portal.usage.batch import KnownMeter, decode, rows
from portal.usage.models import Meter
from portal.usage.store import store


@dataclass(frozen=True, slots=True)
class Accepted:
    """How many events of a batch were new and how many were known already."""

    accepted: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a batch is checked against: the meters by key, the tenant's time, the edges of the period its use is
    billed for."""

    meters: dict[str, KnownMeter]
    now: datetime
    period_starts: list[datetime]


def ingest(tenant_id: int, body: bytes) -> Accepted:
    """Store a batch of events as JSON bytes and add them to the rollups; each idempotency key counts once.

    Raises BadBatch and UsageOverflow; nothing is stored then.
    """
    events = decode(body)
    with db.engine.connect().execution_options(readonly=True) as connection:
        ground = _ground(connection, tenant_id)
    found = rows(events, ground.meters, ground.now)
    last_meters = [meter.id for meter in ground.meters.values() if meter.aggregation == "last"]
    with db.engine.begin() as connection:
        added = store(
            connection,
            tenant_id,
            found,
            period_starts=ground.period_starts,
            last_meters=last_meters,
            now=utcnow(),
        )
    return Accepted(added, len(found) - added)


_METERED = aliased(SubscriptionItem)
_GROUND = (
    sa.select(
        Meter.key,
        Meter.id,
        Meter.aggregation,
        Meter.scale,
        Customer.clock_at,
        sa.func.coalesce(_METERED.current_period_start_at, Subscription.current_period_start_at),
        sa.func.coalesce(_METERED.current_period_end_at, Subscription.current_period_end_at),
    )
    .select_from(Meter)
    .outerjoin(Customer, Customer.tenant_id == sa.bindparam("tenant"))
    .outerjoin(
        Subscription,
        sa.and_(Subscription.tenant_id == sa.bindparam("tenant"), Subscription.status.in_(LIVE)),
    )
    .outerjoin(_METERED, sa.and_(_METERED.subscription_id == Subscription.id, _METERED.quantity.is_(None)))
    .order_by(Subscription.current_period_end_at, _METERED.current_period_end_at.desc())
)


def _ground(connection: sa.Connection, tenant_id: int) -> _Ground:
    """Read the ground in one statement."""
    meters: dict[str, KnownMeter] = {}
    now = utcnow()
    starts: list[datetime] = []
    for key, meter_id, aggregation, scale, clock_at, start, end in connection.execute(
        _GROUND, {"tenant": tenant_id}
    ):
        meters[key] = KnownMeter(meter_id, aggregation, scale)
        if clock_at is not None:
            now = max(now, clock_at)
        if start is not None:
            starts = [start, end]
    return _Ground(meters, now, starts)
