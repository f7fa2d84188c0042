"""The plans as they are offered to one tenant: what stands on each card of the plans page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portal.kit.money import Money
from portal.plans.catalog import INTERVALS, Catalog, Interval, Plan
from portal.plans.choosable import Standing, is_shown
from portal.plans.estimates import Estimate, Used, estimate, limits_exceeded
from portal.plans.rates import yearly_saving
from portal.plans.wording import Headline, PriceRow, headline, price_rows
from portal.web.filters import plural

Seats = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Offer:
    """One card. `seats` is the range to choose from (None: not sold by the seat); `saving` is what paying by the year
    saves in a year for so many `wanted_seats`, usage aside. `estimate` is the price for these seats and what was used
    lately, before discounts and tax; `over` tells which of the plan's limits that use was above; `trial_days`
    are free for this tenant (0: none)."""

    plan: Plan
    headline: Headline
    rows: list[PriceRow]
    saving: Money | None
    seats: Seats | None
    wanted_seats: int
    estimate: Estimate
    over: list[str]
    trial_days: int
    is_current: bool

    @property
    def is_told_apart(self) -> bool:
        """Tell whether the estimate says more than the large price."""
        charged = [line for line in self.estimate.lines if line.amount]
        is_by_seat = self.seats is not None and self.plan.component("base") is None
        return self.estimate.counts_use or len(charged) > 1 or (is_by_seat and self.wanted_seats > 1)

    @property
    def estimated_for(self) -> str:
        """What the estimate is for: the seats, the use or both."""
        seats = plural(self.wanted_seats, "seat") if self.seats is not None else None
        use = "your usage of the last 30 days" if self.estimate.counts_use else None
        return " and ".join(word for word in (seats, use) if word)


def offers(
    catalog: Catalog,
    interval: Interval,
    currency: str,
    *,
    standing: Standing,
    asked: str | None,
    seat_range: Callable[[Plan], Seats | None],
    seats: int,
    used: Used,
    may_try: bool,
) -> list[Offer]:
    """Return the plans that are shown to a tenant, in the catalogue's order. `asked` is the hidden plan that was
    asked for.

    Each is priced for `seats`, or as many as it is sold with, and for what was `used` in a month. `may_try`: the tenant
    still has its trial.
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
                saving=yearly_saving(plan, currency, seats=wanted),
                seats=bounds,
                wanted_seats=wanted,
                estimate=estimate(catalog, plan, interval, currency, seats=wanted, used=used),
                over=limits_exceeded(catalog, plan, used),
                trial_days=plan.trial_days if may_try else 0,
                is_current=plan.key == standing.on,
            )
        )
    return made


def interval_of(raw: str | None, otherwise: Interval = "month") -> Interval:
    """Read an interval from a query string; anything unknown is `otherwise`."""
    return next((each for each in INTERVALS if each == raw), otherwise)
