"""How much was used in a stretch of time, from the hourly rollup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache

import sqlalchemy as sa

from portal.extensions import db
from portal.usage.models import Meter, UsageHour


@dataclass(frozen=True, slots=True)
class MeterTotal:
    """Usage of one meter in units (not in its smallest unit) and the number of events behind it."""

    meter: Meter
    quantity: Decimal
    events: int


def units(meter: Meter, smallest: int | Decimal) -> Decimal:
    """Turn a stored quantity into units, exactly and without idle zeros: 1500 at scale 3 is 1.5."""
    whole, rest = divmod(int(smallest), int(10**meter.scale))
    return Decimal(int(smallest)).scaleb(-meter.scale).normalize() if rest else Decimal(whole)


def all_meters() -> list[Meter]:
    """Return every meter of the catalogue, by name."""
    return list(db.session.scalars(sa.select(Meter).order_by(Meter.name)))


def totals(tenant_id: int, start: datetime, end: datetime) -> list[MeterTotal]:
    """Return every meter's total of the hours that begin in [start, end), in one statement; nothing used is 0.

    A `last` meter's total is its newest value within the stretch.
    """
    rows = db.session.execute(_totals(), {"tenant_id": tenant_id, "start": start, "end": end})
    return [MeterTotal(meter, units(meter, quantity), int(events)) for meter, quantity, events in rows]


@cache
def _totals() -> sa.Select[Meter, Decimal, int]:
    hours = (
        sa.select(
            UsageHour.meter_id,
            UsageHour.quantity,
            UsageHour.events,
            sa.func.row_number()
            .over(partition_by=UsageHour.meter_id, order_by=UsageHour.latest_at.desc())
            .label("newness"),
        )
        .where(
            UsageHour.tenant_id == sa.bindparam("tenant_id"),
            UsageHour.hour_at >= sa.bindparam("start"),
            UsageHour.hour_at < sa.bindparam("end"),
        )
        .subquery()
    )
    counted = sa.case((sa.and_(Meter.aggregation == "last", hours.c.newness > 1), 0), else_=hours.c.quantity)
    return (
        sa.select(
            Meter,
            sa.func.coalesce(sa.func.sum(counted), 0),
            sa.func.coalesce(sa.func.sum(hours.c.events), 0),
        )
        .outerjoin(hours, hours.c.meter_id == Meter.id)
        .group_by(Meter.id)
        .order_by(Meter.name)
    )
