"""What each meter says about a period: used, included, what it costs so far, and the days. Costs are computed from
the prices the tenant's subscription has, not from what is sold today; before discounts and tax."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa

from portal.extensions import db
from portal.kit.db import UtcDateTime
from portal.plans.catalog import Plan
from portal.pricing.cost import Cost, cost
from portal.pricing.models import PriceModel
from portal.subscriptions.current import CurrentPlan
from portal.usage.models import Meter, UsageDay, UsageHour
from portal.usage.period import Period
from portal.usage.totals import all_meters, units

NEAR_PERCENT = 80


@dataclass(frozen=True, slots=True)
class MeterUse:
    """One meter in one period. `used` and `included` in units; `included` None: the plan says nothing about it.

    `cost` None: use is not billed, `included` is then a limit. `days` holds each day on which something was used.
    """

    meter: Meter
    used: Decimal
    included: int | None
    cost: Cost | None
    days: dict[date, Decimal]

    @property
    def percent(self) -> int | None:
        """How much of what is included was used, in whole percent rounded down; None if nothing is included."""
        return int(self.used * 100 / self.included) if self.included else None

    @property
    def is_over(self) -> bool:
        return self.included is not None and self.used > self.included

    @property
    def is_near(self) -> bool:
        return not self.is_over and self.percent is not None and self.percent >= NEAR_PERCENT


def usage_of(tenant_id: int, current: CurrentPlan, period: Period) -> list[MeterUse]:
    """Return every meter by name, in two statements."""
    models = {each.item.component: each.model for each in current.metered}
    meters = all_meters()
    days = _days(tenant_id, meters, period)
    return [_use(meter, models.get(f"meter:{meter.key}"), current.plan, days[meter.id]) for meter in meters]


def included_units(model: PriceModel) -> int:
    """Return how many units cost nothing: those included, and the tiers from the first one on that are free."""
    free = 0
    for tier in model.tiers:
        if tier.rate or tier.flat_amount or tier.up_to is None:
            break
        free = tier.up_to
    return model.included + free


def _use(meter: Meter, model: PriceModel | None, plan: Plan, days: dict[date, Decimal]) -> MeterUse:
    counted = [days[max(days)]] if days and meter.aggregation == "last" else days.values()
    used = sum(counted, Decimal(0))
    included = plan.limits.get(meter.key) if model is None else included_units(model)
    return MeterUse(meter, used, included, None if model is None else cost(model, used), days)


def _days(tenant_id: int, meters: list[Meter], period: Period) -> dict[int, dict[date, Decimal]]:
    """Read the days of the period. Of its first and last day, the hours outside the period are taken off again."""
    by_id = {meter.id: meter for meter in meters}
    values = {
        "tenant_id": tenant_id,
        "first_day": period.days[0],
        "last_day": period.last_day,
        "first_midnight": _midnight(period.days[0]),
        "start": period.start,
        "end": period.end,
        "last_midnight": _midnight(period.last_day + timedelta(days=1)),
    }
    found: dict[int, dict[date, Decimal]] = {meter.id: defaultdict(Decimal) for meter in meters}
    rows: Any = db.session.execute(_days_and_hours(), values)
    for meter_id, day_on, hour_at, quantity in rows:
        meter = by_id[meter_id]
        if hour_at is None:
            found[meter_id][day_on] += units(meter, quantity)
        elif meter.aggregation != "last":
            found[meter_id][hour_at.date()] -= units(meter, quantity)
    return {
        meter_id: {day: used for day, used in days.items() if used or by_id[meter_id].aggregation == "last"}
        for meter_id, days in found.items()
    }


@cache
def _days_and_hours() -> sa.CompoundSelect[Any]:
    bind = sa.bindparam
    days = sa.select(
        UsageDay.meter_id,
        UsageDay.day_on,
        sa.cast(sa.null(), UtcDateTime).label("hour_at"),
        UsageDay.quantity,
    ).where(
        UsageDay.tenant_id == bind("tenant_id"), UsageDay.day_on.between(bind("first_day"), bind("last_day"))
    )
    hours = sa.select(
        UsageHour.meter_id, sa.cast(sa.null(), sa.Date), UsageHour.hour_at, UsageHour.quantity
    ).where(
        UsageHour.tenant_id == bind("tenant_id"),
        sa.or_(
            sa.and_(UsageHour.hour_at >= bind("first_midnight"), UsageHour.hour_at < bind("start")),
            sa.and_(UsageHour.hour_at >= bind("end"), UsageHour.hour_at < bind("last_midnight")),
        ),
    )
    return sa.union_all(days, hours)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
