"""Compares what Stripe was told with what it counted, hour by hour. Pure and local: sync/usage.py asks Stripe."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa

from portal.extensions import db
from portal.usage.models import Meter, UsageReport
from portal.usage.report import full_hour
from portal.usage.totals import units


@dataclass(frozen=True, slots=True)
class Difference:
    """An hour in which Stripe counted something else than it was told, in units."""

    meter_key: str
    hour_at: datetime
    told: Decimal
    counted: Decimal


def meters_at_stripe() -> list[Meter]:
    """Return the meters that exist at Stripe."""
    return list(db.session.scalars(sa.select(Meter).where(Meter.stripe_id.is_not(None)).order_by(Meter.key)))


def told_per_hour(tenant_id: int, start: datetime, end: datetime) -> dict[int, dict[datetime, Decimal]]:
    """Return what Stripe was told by meter id and full hour in [start, end); of a `last` meter, the newest."""
    told: dict[int, dict[datetime, Decimal]] = defaultdict(dict)
    rows = db.session.execute(
        sa.select(UsageReport, Meter)
        .join(Meter, Meter.id == UsageReport.meter_id)
        .where(
            UsageReport.tenant_id == tenant_id,
            UsageReport.state == "sent",
            UsageReport.hour_at >= start,
            UsageReport.hour_at < end,
        )
        .order_by(UsageReport.hour_at, UsageReport.id)
    )
    for report, meter in rows:
        hour = full_hour(report.hour_at)
        before = Decimal(0) if meter.aggregation == "last" else told[meter.id].get(hour, Decimal(0))
        told[meter.id][hour] = before + units(meter, report.quantity)
    return told


def differences(
    meter: Meter, told: Mapping[datetime, Decimal], counted: Mapping[datetime, Decimal]
) -> list[Difference]:
    """Return the hours that differ, oldest first; an hour missing on one side counts as 0 there."""
    return [
        Difference(meter.key, hour, told.get(hour, Decimal(0)), counted.get(hour, Decimal(0)))
        for hour in sorted({*told, *counted})
        if told.get(hour, Decimal(0)) != counted.get(hour, Decimal(0))
    ]
