"""What was used so far in a period, without the days: one statement, for pages that only show where things stand."""

from __future__ import annotations

from portal.pricing.cost import cost
from portal.subscriptions.current import CurrentPlan
from portal.usage.period import Period
from portal.usage.summary import MeterUse, included_units
from portal.usage.totals import MeterTotal, totals


def use_so_far(tenant_id: int, current: CurrentPlan, period: Period) -> list[MeterUse]:
    """Return every meter by name with its use and cost in the period; `days` stays empty."""
    return [_use(current, total) for total in totals(tenant_id, period.start, period.end)]


def _use(current: CurrentPlan, total: MeterTotal) -> MeterUse:
    component = f"meter:{total.meter.key}"
    model = next((each.model for each in current.metered if each.item.component == component), None)
    if model is None:
        return MeterUse(total.meter, total.quantity, current.plan.limits.get(total.meter.key), None, {})
    return MeterUse(total.meter, total.quantity, included_units(model), cost(model, total.quantity), {})
