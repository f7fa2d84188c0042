"""Amounts as a person reads them: with the currency's sign and as many decimals as it has."""

from __future__ import annotations

from decimal import Decimal

import pytest

from portal.kit.money import Money
from portal.plans.catalog import Catalog, Component, Meter, Plan, Rate, Tier
from portal.plans.estimates import estimate
from portal.plans.wording import headline, price_rows
from portal.web.filters import amount_in, money, unit_price


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (0, "usd", "$0.00"),
        (123_456, "usd", "$1,234.56"),
        (-500, "eur", "-€5.00"),
        (0, "jpy", "¥0"),
        (123_456, "jpy", "¥123,456"),
        (1, "kwd", "KWD\xa00.001"),
        (1_234_567, "kwd", "KWD\xa01,234.567"),
        (-1_500, "kwd", "-KWD\xa01.500"),
        (2**53 + 1, "jpy", "¥9,007,199,254,740,993"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(minor: int, currency: str, written: str) -> None:
    assert amount_in(minor, currency) == written
    assert money(Money(minor, currency)) == written


@pytest.mark.parametrize(
    ("rate", "currency", "written"),
    [
        ("0.04", "usd", "$0.0004"),
        ("1500", "usd", "$15.00"),
        ("0.5", "jpy", "¥0.5"),
        ("1500", "jpy", "¥1,500"),
        ("0.25", "kwd", "KWD\xa00.00025"),
        ("1500", "kwd", "KWD\xa01.500"),
    ],
)
def test_a_unit_price_keeps_its_fractions(rate: str, currency: str, written: str) -> None:
    assert unit_price(Decimal(rate), currency) == written


@pytest.mark.parametrize(
    ("currency", "large", "seats", "calls", "total"),
    [
        ("jpy", "¥3,000", "¥500 per seat and month", "¥0.5 each", "¥7,000"),
        ("kwd", "KWD\xa03", "KWD\xa00.500 per seat and month", "KWD\xa00.0005 each", "KWD\xa07.000"),
    ],
)
def test_a_plan_is_told_in_currencies_of_none_and_of_three_decimals(
    currency: str, large: str, seats: str, calls: str, total: str
) -> None:
    tiers = (Tier(up_to=1_000), Tier(unit_amount=Decimal("0.5")))
    plan = Plan(
        key="any",
        name="Any",
        components=(
            Component(kind="base", model="flat", rates={"month": {currency: Rate(amount=Decimal(3_000))}}),
            Component(kind="seat", model="per_unit", rates={"month": {currency: Rate(amount=Decimal(500))}}),
            Component(
                kind="meter", meter="calls", model="graduated", rates={"month": {currency: Rate(tiers=tiers)}}
            ),
        ),
    )
    meters = {"calls": Meter(key="calls", name="Calls", unit="call")}
    catalog = Catalog(currencies=(currency,), plans={"any": plan}, meters=meters)
    assert headline(plan, "month", currency).amount == large
    rows = [line for row in price_rows(catalog, plan, "month", currency) for line in row.lines]
    assert rows[1] == seats
    assert rows[-1].endswith(calls)
    found = estimate(catalog, plan, "month", currency, seats=4, used={"calls": Decimal(5_000)})
    assert money(found.amount) == total
