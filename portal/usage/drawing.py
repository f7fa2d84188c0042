"""The charts of the usage page: one bar per day of the period, days to come as stubs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from portal.usage.models import Meter
from portal.usage.period import Period
from portal.usage.summary import MeterUse
from portal.web.charts import BarChart, BarState, Day, Limit, Sparkline, bar_chart, sparkline
from portal.web.filters import day, short_day


def unit_name(meter: Meter, quantity: Decimal | int = 2) -> str:
    """Return the meter's unit for a quantity: call, calls, GB-days; abbreviations (GB) have no plural."""
    return meter.unit if quantity == 1 or meter.unit.isupper() else f"{meter.unit}s"


def day_chart(use: MeterUse, period: Period, today: date) -> BarChart:
    """Draw the days of the period. A bar is `over` when its day used more than what is included on average."""
    level = _level(use, period)
    bars = []
    for each in period.days:
        used = use.days.get(each, Decimal(0))
        state = BarState.OVER if level is not None and used > level.value else BarState.WITHIN
        bars.append(Day(short_day(each), day(each), used, BarState.FUTURE if each > today else state))
    title = f"{use.meter.name} per day, {day(period.days[0])} to {day(period.last_day)}"
    # A line far above every bar would flatten them all.
    highest = max(use.days.values(), default=Decimal(0))
    shown = level if level is not None and level.value <= highest * 4 else None
    return bar_chart(bars, title=title, unit=unit_name(use.meter), limit=shown)


def trend(use: MeterUse, period: Period, today: date) -> Sparkline | None:
    """Draw the days so far as a small line; None where there is too little to see."""
    return sparkline([use.days.get(each, Decimal(0)) for each in period.days if each <= today])


def _level(use: MeterUse, period: Period) -> Limit | None:
    if not use.included:
        return None
    if use.meter.aggregation == "last":
        return Limit(use.included, "Included")
    return Limit(Decimal(use.included) / len(period.days), "Included, per day on average")
