"""What was used lately: the last thirty whole days, from the daily rollup, to guess what a plan would cost."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache

import sqlalchemy as sa

from portal.extensions import db
from portal.plans.estimates import Lately
from portal.usage.models import Meter, UsageDay
from portal.usage.totals import units

DAYS = 30


def used_lately(tenant_id: int, now: datetime) -> Lately:
    """Return the use of the thirty days before the day of `now`, in one statement.

    A `last` meter's is its newest value within them.
    """
    last = now.date() - timedelta(days=1)
    first = last - timedelta(days=DAYS - 1)
    rows = db.session.execute(_of_days(), {"tenant_id": tenant_id, "first_on": first, "last_on": last})
    return Lately(first, last, {meter.key: units(meter, quantity) for meter, quantity in rows if quantity})


@cache
def _of_days() -> sa.Select[Meter, Decimal]:
    """The newest day of a `last` meter, and of each other meter the sum."""
    days = sa.select(
        UsageDay.meter_id,
        UsageDay.quantity,
        sa.func.row_number()
        .over(partition_by=UsageDay.meter_id, order_by=UsageDay.day_on.desc())
        .label("newness"),
    ).where(
        UsageDay.tenant_id == sa.bindparam("tenant_id"),
        UsageDay.day_on.between(sa.bindparam("first_on"), sa.bindparam("last_on")),
    )
    within = days.subquery()
    counted = sa.case(
        (sa.and_(Meter.aggregation == "last", within.c.newness > 1), 0), else_=within.c.quantity
    )
    return (
        sa.select(Meter, sa.func.sum(counted)).join(within, within.c.meter_id == Meter.id).group_by(Meter.id)
    )
