"""What a plan would cost for somebody's seats and use: by the month, by the year, and where usage is billed by the
month under a yearly plan."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from portal.kit.money import Money
from portal.plans.catalog import Catalog, Component, Interval, Meter, Plan, Rate, Tier
from portal.plans.choosable import Standing
from portal.plans.estimates import estimate, limits_exceeded
from portal.plans.offers import offers
from portal.plans.rates import yearly_saving


def flat(amount: int) -> dict[str, Rate]:
    return {"usd": Rate(amount=Decimal(amount))}


def component(kind: Any, model: Any, month: int, year: int | None, **more: Any) -> Component:
    rates: dict[Any, dict[str, Rate]] = {"month": flat(month)}
    if year is not None:
        rates["year"] = flat(year)
    return Component(kind=kind, model=model, rates=rates, **more)


BASE = component("base", "flat", 1_000, 10_000)
SEAT = component("seat", "per_unit", 500, 5_000)
CALLS = component("meter", "per_unit", 2, 2, meter="calls", included=100)
DISKS = component("meter", "per_unit", 300, 3_000, meter="disks")
MONTHLY_CALLS = component("meter", "per_unit", 2, None, meter="calls", included=100)
FREE = Plan(key="free", name="Free", limits={"calls": 10, "disks": 1})
CATALOG = Catalog(
    currencies=("usd",),
    plans={"free": FREE},
    meters={
        "calls": Meter(key="calls", name="Calls", unit="call"),
        "disks": Meter(key="disks", name="Disks", unit="disk", aggregation="last"),
    },
)


def plan_of(*components: Component, **more: Any) -> Plan:
    return Plan(key="any", name="Any", components=components, **more)


@pytest.mark.parametrize(
    ("components", "interval", "used", "amount"),
    [
        ((BASE,), "month", {}, 1_000),
        ((SEAT,), "month", {}, 2_000),
        ((BASE, SEAT, CALLS), "month", {"calls": 150}, 1_000 + 2_000 + 100),
        ((BASE, SEAT, CALLS), "month", {"calls": 100}, 3_000),
        # Twelve months' use at the yearly price, of which 100 calls are included once.
        ((BASE, CALLS), "year", {"calls": 150}, 10_000 + (12 * 150 - 100) * 2),
        # Twelve bills, each with 100 calls included.
        ((BASE, MONTHLY_CALLS), "year", {"calls": 150}, 10_000 + 12 * 50 * 2),
        # A gauge does not add up over the months.
        ((BASE, DISKS), "year", {"disks": 4}, 10_000 + 4 * 3_000),
        ((BASE, CALLS), "month", {"disks": 4}, 1_000),
        ((), "month", {"calls": 4}, 0),
    ],
)
def test_the_estimate_is_the_sum_of_its_lines(
    components: tuple[Component, ...], interval: Interval, used: dict[str, int], amount: int
) -> None:
    quantities = {key: Decimal(quantity) for key, quantity in used.items()}
    found = estimate(CATALOG, plan_of(*components), interval, "usd", seats=4, used=quantities)
    assert (found.amount.minor, sum(line.amount.minor for line in found.lines)) == (amount, amount)
    assert found.counts_use is any(each.meter in used for each in components if each.meter)


def test_the_lines_say_how_they_came_about() -> None:
    used = {"calls": Decimal(150)}
    found = estimate(CATALOG, plan_of(BASE, SEAT, MONTHLY_CALLS), "year", "usd", seats=4, used=used)
    assert [(line.name, line.note) for line in found.lines] == [
        ("Base fee", None),
        ("Seats", "4 seats at $50.00"),
        ("Calls", "100 calls included, 50 calls at $0.02; 12 times"),
    ]


def test_a_price_with_a_minimum_costs_it_without_any_use() -> None:
    rate = Rate(amount=Decimal(2), minimum_amount=700)
    least = Component(kind="meter", model="per_unit", meter="calls", rates={"month": {"usd": rate}})
    found = estimate(CATALOG, plan_of(least), "month", "usd", seats=1, used={})
    assert (found.amount, found.counts_use) == (Money(700, "usd"), False)


def test_a_limit_is_exceeded_by_more_than_it_and_not_where_use_is_billed() -> None:
    used = {"calls": Decimal(10), "disks": Decimal(2)}
    assert limits_exceeded(CATALOG, FREE, used) == ["1 disk"]
    assert limits_exceeded(CATALOG, plan_of(DISKS, limits={"disks": 1}), used) == []


@pytest.mark.parametrize(
    ("components", "members", "is_told"),
    [
        ((BASE,), 4, False),
        ((SEAT,), 1, False),
        ((SEAT,), 4, True),
        ((BASE, SEAT), 1, True),
        ((BASE, CALLS), 4, False),
        ((), 4, False),
    ],
)
def test_an_estimate_is_told_where_it_says_more_than_the_large_price(
    components: tuple[Component, ...], members: int, is_told: bool
) -> None:
    plan = plan_of(*components)
    (offer,) = offers(
        Catalog(currencies=("usd",), plans={"any": plan}, meters=CATALOG.meters),
        "month",
        "usd",
        standing=Standing(None),
        asked=None,
        seat_range=lambda plan: (1, 500) if plan.component("seat") else None,
        seats=members,
        used={},
        may_try=True,
    )
    assert offer.is_told_apart is is_told


def from_the_third(amount: int) -> dict[str, Rate]:
    return {"usd": Rate(tiers=(Tier(up_to=2), Tier(unit_amount=Decimal(amount))))}


CHEAP_FROM_THREE = Component(
    kind="seat", model="graduated", rates={"month": from_the_third(500), "year": from_the_third(5_000)}
)


@pytest.mark.parametrize(
    ("components", "saved"),
    [
        ((BASE,), 2_000),
        ((SEAT,), 4 * 1_000),
        ((BASE, SEAT), 2_000 + 4 * 1_000),
        ((CHEAP_FROM_THREE,), 2 * 1_000),
        ((CALLS,), None),
        ((component("base", "flat", 1_000, 12_000),), None),
        ((component("base", "flat", 1_000, 13_000),), None),
        ((), None),
    ],
)
def test_a_saving_is_told_where_there_is_one_for_all_that_is_paid_in_advance(
    components: tuple[Component, ...], saved: int | None
) -> None:
    found = yearly_saving(plan_of(*components), "usd", seats=4)
    assert (found.minor if found is not None else None) == saved
