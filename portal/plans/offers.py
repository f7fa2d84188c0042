"""The plans as they are offered to one tenant: what stands on each card of the plans page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portal.kit.money import Money
from portal.plans.catalog import INTERVALS, Catalog, Interval, Plan
from portal.plans.choosable import Standing, is_shown
from portal.plans.rates import recurring_cost
from portal.plans.wording import Headline, PriceRow, headline, price_rows, yearly_saving

Seats = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Offer:
    """One card. `seats` is the range to choose from (None: not sold by the seat); `saving` is what a year saves.
    `for_seats` is what so many `wanted_seats` cost per interval before usage, discounts and tax (None: no seats)."""

    plan: Plan
    headline: Headline
    rows: list[PriceRow]
    saving: Money | None
    seats: Seats | None
    wanted_seats: int
    for_seats: Money | None
    is_current: bool


def offers(
    catalog: Catalog,
    interval: Interval,
    currency: str,
    *,
    standing: Standing,
    asked: str | None,
    seat_range: Callable[[Plan], Seats | None],
    seats: int,
) -> list[Offer]:
    """Return the plans that are shown to a tenant, in the catalogue's order. `asked` is the hidden plan that was
    asked for.

    Plans sold by the seat are also priced for `seats`, or as many as they are sold with.
    """
    shown = [plan for plan in catalog.plans.values() if is_shown(plan, standing, asked=asked)]
    made = []
    for plan in shown:
        bounds = seat_range(plan)
        wanted = seats if bounds is None else min(max(seats, bounds[0]), bounds[1])
        made.append(
            Offer(
                plan=plan,
                headline=headline(plan, interval, currency),
                rows=price_rows(catalog, plan, interval, currency),
                saving=yearly_saving(plan, currency) if interval == "year" else None,
                seats=bounds,
                wanted_seats=wanted,
                for_seats=None if bounds is None else recurring_cost(plan, interval, currency, seats=wanted),
                is_current=plan.key == standing.on,
            )
        )
    return made


def interval_of(raw: str | None, otherwise: Interval = "month") -> Interval:
    """Read an interval from a query string; anything unknown is `otherwise`."""
    return next((each for each in INTERVALS if each == raw), otherwise)
