"""From the catalogue to a price: what one component of a plan costs, and the lookup key of the price that bills it."""

from __future__ import annotations

from decimal import Decimal

from portal.kit.money import Money, total
from portal.plans.catalog import INTERVALS, Component, Interval, Plan
from portal.pricing.cost import Cost, cost
from portal.pricing.models import PriceModel, Tier

MONTHS: dict[Interval, int] = {"month": 1, "year": 12}


def price_model(component: Component, interval: Interval, currency: str) -> PriceModel:
    """Return how a component is priced in an interval and a currency."""
    rate = component.rate(interval, currency)
    return PriceModel(
        kind=component.model,
        currency=currency,
        rate=rate.amount or Decimal(0),
        package_size=component.package_size,
        tiers=tuple(Tier(tier.up_to, tier.unit_amount, tier.flat_amount) for tier in rate.tiers),
        included=component.included,
        minimum_amount=rate.minimum_amount,
        cap_amount=rate.cap_amount,
    )


def recurring_cost(plan: Plan, interval: Interval, currency: str, *, seats: int) -> Money:
    """Return what the plan costs per interval before usage, discounts and tax, in minor units."""
    return total(
        [each.amount for _component, each in licensed_costs(plan, interval, currency, seats=seats)], currency
    )


def licensed_costs(
    plan: Plan, interval: Interval, currency: str, *, seats: int
) -> list[tuple[Component, Cost]]:
    """Return the cost of each component that is paid in advance: the base fee and the seats."""
    return [
        (component, cost(price_model(component, interval, currency), quantity_of(component, seats=seats)))
        for component in plan.components
        if component.kind != "meter"
    ]


def yearly_saving(plan: Plan, currency: str, *, seats: int) -> Money | None:
    """Return what paying a plan by the year saves in a year, before usage, discounts and tax; None if nothing."""
    by_month, by_year = (
        recurring_cost(plan, interval, currency, seats=seats) * (MONTHS["year"] // MONTHS[interval])
        for interval in INTERVALS
    )
    return by_month - by_year if by_year < by_month else None


def quantity_of(component: Component, *, seats: int) -> int:
    """Return the quantity a licensed component is sold in: one base fee, as many seats as wanted."""
    return seats if component.kind == "seat" else 1
