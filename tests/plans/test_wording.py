"""Prices in words: what stands on a card for each kind of plan."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from portal.plans.catalog import Catalog, Component, Interval, Meter, Plan
from portal.plans.wording import (
    Headline,
    PriceRow,
    cost_note,
    headline,
    price_lines,
    price_rows,
)
from portal.pricing.cost import cost
from portal.pricing.models import PriceModel, Tier


def component(kind: str, model: str, month: str, year: str, **more: object) -> Component:
    rates = {"month": {"usd": {"amount": month}}, "year": {"usd": {"amount": year}}}
    return msgspec.convert({"kind": kind, "model": model, "rates": rates, **more}, Component, strict=False)


BASE = component("base", "flat", "4950", "49500")
SEAT = component("seat", "per_unit", "1000", "12000")
CALLS = component("meter", "per_unit", "0.04", "0.04", meter="calls")


@pytest.mark.parametrize(
    ("components", "expected"),
    [
        ((), Headline("$0", "per month", "No card needed")),
        ((BASE,), Headline("$49.50", "per month", None)),
        ((SEAT,), Headline("$10", "per seat and month", None)),
        ((BASE, SEAT), Headline("$49.50", "per month", "plus seats")),
        ((SEAT, CALLS), Headline("$10", "per seat and month", "plus usage")),
        ((CALLS, BASE), Headline("$49.50", "per month", "plus usage")),
        ((CALLS,), Headline("$0", "per month", "plus usage")),
    ],
)
def test_the_large_price_is_the_base_fee_or_else_the_price_of_a_seat(
    components: tuple[Component, ...], expected: Headline
) -> None:
    assert headline(Plan(name="Any", components=components), "month", "usd") == expected


def test_usage_that_is_billed_monthly_under_a_yearly_plan_says_so() -> None:
    monthly = msgspec.structs.replace(CALLS, rates={"month": CALLS.rates["month"]})
    plan = Plan(name="Any", components=(BASE, monthly))
    catalog = Catalog(
        currencies=("usd",), plans={"any": plan}, meters={"calls": Meter(name="Calls", unit="call")}
    )
    assert price_rows(catalog, plan, "year", "usd") == [
        PriceRow("Base fee", ("$495.00 per year",)),
        PriceRow("Calls, billed by the month", ("$0.0004 per call and month",)),
    ]


@pytest.mark.parametrize(
    ("model", "interval", "lines"),
    [
        (PriceModel("flat", "jpy", rate=Decimal(4_900)), "year", ("¥4,900 per year",)),
        (PriceModel("per_unit", "usd", rate=Decimal("0.04")), "month", ("$0.0004 per seat and month",)),
        (
            PriceModel("per_unit", "usd", rate=Decimal(500), included=2),
            "month",
            ("2 seats included, then $5.00 per seat and month",),
        ),
        (
            PriceModel("volume", "usd", tiers=(Tier(10, Decimal(500)), Tier(None, Decimal(400), 1_000))),
            "month",
            (
                "Up to 10 seats: $5.00 each",
                "From 11 seats: $4.00 each for all of them plus $10.00 once",
            ),
        ),
        (
            PriceModel(
                "graduated", "usd", tiers=(Tier(5, Decimal(300)), Tier(None, Decimal(200))), included=3
            ),
            "month",
            ("The first 3 seats included", "4 to 8: $3.00 each", "From 9 seats: $2.00 each"),
        ),
        (
            PriceModel("per_unit", "usd", rate=Decimal(500), minimum_amount=1_000, cap_amount=9_000),
            "month",
            (
                "$5.00 per seat and month",
                "At least $10.00 per month",
                "Never more than $90.00 per month",
            ),
        ),
        (
            PriceModel("graduated", "usd", tiers=(Tier(None, Decimal(300)),)),
            "month",
            ("Every seat: $3.00 each",),
        ),
    ],
)
def test_every_tier_is_a_line(model: PriceModel, interval: Interval, lines: tuple[str, ...]) -> None:
    assert price_lines(model, interval, "seat") == lines


@pytest.mark.parametrize(
    ("model", "quantity", "note"),
    [
        (PriceModel("flat", "usd", rate=Decimal(4_900)), 1, None),
        (PriceModel("per_unit", "usd", rate=Decimal(500)), 1, "1 seat at $5.00"),
        (PriceModel("per_unit", "usd", rate=Decimal(500), included=2), 1, "1 seat included"),
        (PriceModel("package", "usd", rate=Decimal(500), package_size=10), 11, "2 packages at $5.00"),
        (
            PriceModel("per_unit", "usd", rate=Decimal(500), cap_amount=800),
            2,
            "2 seats at $5.00, $2.00 off by the cap",
        ),
        (
            PriceModel("per_unit", "usd", rate=Decimal(500), minimum_amount=800),
            1,
            "1 seat at $5.00, $3.00 up to the minimum",
        ),
        (
            PriceModel("volume", "usd", tiers=(Tier(None, Decimal(400), 900),)),
            2,
            "2 seats at $4.00 plus $9.00",
        ),
    ],
)
def test_an_amount_is_explained(model: PriceModel, quantity: int, note: str | None) -> None:
    assert cost_note(cost(model, quantity), "seat") == note
