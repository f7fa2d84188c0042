"""What a plan would cost a tenant for the seats it has and what it used in a month, in lines that a person can follow.
Pure, from the catalogue's prices; before discounts and tax."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from portal.kit.money import Money, total
from portal.plans.catalog import Catalog, Component, Interval, Plan
from portal.plans.rates import MONTHS, licensed_costs, price_model
from portal.plans.wording import component_name, component_unit, cost_note
from portal.pricing.cost import Cost, cost
from portal.pricing.models import PriceModel
from portal.web.filters import plural

Used = Mapping[str, Decimal]
"""What was used in a month, in units, by meter key; a meter of which nothing was used may be missing."""


@dataclass(frozen=True, slots=True)
class Lately:
    """What was `used` from `first_on` to `last_on`: days in UTC, both included, about a month."""

    first_on: date
    last_on: date
    used: Used


@dataclass(frozen=True, slots=True)
class EstimateLine:
    """What one component would cost, and how that came about (None: nothing to explain)."""

    name: str
    note: str | None
    amount: Money


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a plan would cost per interval: the sum of its lines. `counts_use`: some of it is for what was used, so that
    it is no more than a guess at what will be."""

    amount: Money
    lines: tuple[EstimateLine, ...]
    counts_use: bool


def estimate(
    catalog: Catalog, plan: Plan, interval: Interval, currency: str, *, seats: int, used: Used
) -> Estimate:
    """Return what a plan would cost a tenant per interval."""
    lines = [
        EstimateLine(component_name(catalog, component), cost_note(priced, "seat"), priced.amount)
        for component, priced in licensed_costs(plan, interval, currency, seats=seats)
    ]
    for component in plan.meters:
        line = _use_line(catalog, component, interval, currency, used)
        if line.amount or line.note:
            lines.append(line)
    return Estimate(
        total([line.amount for line in lines], currency),
        tuple(lines),
        counts_use=any(used.get(each.meter or "") for each in plan.meters),
    )


def cost_of_use(
    model: PriceModel, used: Decimal, *, adds_up: bool, billed: Interval, per: Interval
) -> tuple[Cost, int]:
    """Return what a month's use costs at a price that is `billed` by its own interval, and how often `per` interval.

    `adds_up`: in twelve months twelve times as much is used; not so for a meter of which the newest value counts.
    """
    months = MONTHS[billed]
    return cost(model, used * months if adds_up else used), MONTHS[per] // months


def limits_exceeded(catalog: Catalog, plan: Plan, used: Used) -> list[str]:
    """Return the limits of a plan that a month's use was above, such as "50,000 calls"."""
    return [
        plural(limit, catalog.meters[key].unit)
        for key, limit in plan.limits.items()
        if plan.component(f"meter:{key}") is None and used.get(key, Decimal(0)) > limit
    ]


def _use_line(
    catalog: Catalog, component: Component, interval: Interval, currency: str, used: Used
) -> EstimateLine:
    meter = catalog.meters[component.meter or ""]
    priced, times = cost_of_use(
        price_model(component, interval, currency),
        used.get(meter.key, Decimal(0)),
        adds_up=meter.aggregation != "last",
        billed=component.interval_for(interval),
        per=interval,
    )
    note = cost_note(priced, component_unit(catalog, component))
    if times > 1 and note:
        note = f"{note}; {times} times"
    return EstimateLine(meter.name, note, priced.amount * times)
