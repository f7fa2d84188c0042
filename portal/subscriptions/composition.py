"""What a tenant's plan is made of, in words and amounts, from the prices it was bought at."""

from __future__ import annotations

from dataclasses import dataclass

from portal.kit.money import Money
from portal.plans.catalog import Catalog
from portal.plans.wording import cost_note, price_lines
from portal.subscriptions.current import BilledItem, CurrentPlan

NEAR_PERCENT = 80


@dataclass(frozen=True, slots=True)
class Component:
    """One line of the plan. `amount` per period; None where it depends on use, and `price` then tells the price."""

    name: str
    amount: Money | None
    note: str | None
    price: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeatUse:
    """How many seats there are and how many are held. `are_bought`: they are paid by the seat."""

    held: int
    total: int
    are_bought: bool

    @property
    def percent(self) -> int:
        return self.held * 100 // self.total if self.total else 0

    @property
    def state(self) -> str:
        """How full it is: ok, near or over. All seats taken is near, not over: nothing is wrong with it."""
        if self.held > self.total:
            return "over"
        return "near" if self.percent >= NEAR_PERCENT and self.total > 1 else "ok"


def composition(catalog: Catalog, current: CurrentPlan) -> list[Component]:
    """Return the lines of the tenant's plan; empty on the free plan."""
    return [_component(catalog, each) for each in (*current.licensed, *current.metered)]


def seat_use(current: CurrentPlan, *, held: int) -> SeatUse:
    """Return the seats of the plan, and how many of them are held."""
    live = current.subscription if current.subscription is not None and current.subscription.is_live else None
    item = live.item("seat") if live is not None else None
    if item is None:
        return SeatUse(held, current.plan.included_seats, are_bought=False)
    return SeatUse(held, item.quantity or 0, are_bought=True)


def _component(catalog: Catalog, billed: BilledItem) -> Component:
    kind, _, meter_key = (billed.item.component or "").partition(":")
    meter = catalog.meters.get(meter_key)
    name = {"base": "Base fee", "seat": "Seats"}.get(kind, meter.name if meter is not None else "Other")
    unit = meter.unit if meter is not None else "seat"
    priced = billed.cost
    if priced is not None:
        return Component(name, priced.amount, cost_note(priced, unit), ())
    model = billed.model
    price = price_lines(model, billed.item.interval, unit) if model is not None else ()
    return Component(name, None, None, price)
