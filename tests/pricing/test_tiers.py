"""Included units, minimum and cap as tiers: what Stripe makes of the tiers is what the portal says, for every price
and quantity. Stripe's side is the emulator's arithmetic, which shares nothing with the portal's."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portal.emulator.billing import tiers as stripe
from portal.emulator.billing.amounts import round_half_away
from portal.pricing.cost import cost
from portal.pricing.models import Kind, PriceModel, Tier
from portal.pricing.tiers import NotInTiers, Tiers, tiers_of

PER_UNIT: dict[str, Any] = {"kind": "per_unit", "currency": "usd"}
STAIRS = (Tier(10, Decimal(0)), Tier(20, Decimal(7), 100), Tier(None, Decimal(3)))
GRADUATED: dict[str, Any] = {"kind": "graduated", "currency": "usd", "tiers": STAIRS}

FEE: dict[str, Any] = {"kind": "graduated", "currency": "usd", "tiers": (Tier(None, Decimal(7), 100),)}


def billed(tiers: Tiers, quantity: int | Decimal) -> int:
    rows = [
        {"up_to": tier.up_to, "unit_amount_decimal": format(tier.rate, "f"), "flat_amount": tier.flat_amount}
        for tier in tiers
    ]
    price = {"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": rows}
    return round_half_away(stripe.amount(price, Fraction(quantity)))


@st.composite
def bounded(draw: st.DrawFn) -> PriceModel:
    rates = st.decimals(min_value=0, max_value=100, places=draw(st.sampled_from([0, 2, 12])))
    fees = st.sampled_from([0, 0, 1, 250])
    kind: Kind = draw(st.sampled_from(("per_unit", "graduated")))
    ends = sorted(draw(st.sets(st.integers(min_value=1, max_value=200), max_size=3)))
    least = draw(st.none() | st.integers(min_value=0, max_value=5_000))
    return PriceModel(
        kind,
        "usd",
        rate=draw(rates),
        tiers=tuple(Tier(end, draw(rates), draw(fees)) for end in (*ends, None))
        if kind == "graduated"
        else (),
        included=draw(st.sampled_from([0, 0, 1, 30])),
        minimum_amount=least,
        cap_amount=draw(st.none() | st.integers(min_value=least or 0, max_value=20_000)),
    )


@given(bounded(), st.integers(min_value=0, max_value=1_000))
def test_stripe_bills_what_the_portal_says_for_every_price_and_quantity(model: PriceModel, at: int) -> None:
    tiers = tiers_of(model) or (Tier(None, model.rate),)
    edges = {tier.up_to + step for tier in tiers if tier.up_to is not None for step in (-1, 0, 1)}
    for quantity in {0, 1, at} | edges:
        assert billed(tiers, quantity) == cost(model, quantity).amount.minor, quantity


@given(bounded(), st.decimals(min_value=0, max_value=300, places=3))
def test_where_tiers_are_found_for_fractions_they_are_exact_for_them_too(
    model: PriceModel, at: Decimal
) -> None:
    try:
        tiers = tiers_of(model, whole_units=False) or (Tier(None, model.rate),)
    except NotInTiers:
        assume(False)
    assert billed(tiers, at) == cost(model, at).amount.minor


@given(bounded())
def test_the_tiers_are_such_that_stripe_takes_them(model: PriceModel) -> None:
    tiers = tiers_of(model)
    ends = [tier.up_to for tier in tiers[:-1]]
    assert None not in ends
    assert ends == sorted(set(ends), key=lambda end: end or 0)
    assert all(tier.up_to is None for tier in tiers[-1:])
    assert all(tier.rate >= 0 and int(tier.rate.as_tuple().exponent) >= -12 for tier in tiers)


@pytest.mark.parametrize(
    ("model", "tiers"),
    [
        (PriceModel(**PER_UNIT, rate=Decimal(5)), ()),
        (PriceModel(**PER_UNIT, rate=Decimal(5), included=3), (Tier(3, Decimal(0)), Tier(None, Decimal(5)))),
        (
            PriceModel(**PER_UNIT, rate=Decimal(5), cap_amount=20),
            (Tier(4, Decimal(5)), Tier(None, Decimal(0))),
        ),
        (
            PriceModel(**PER_UNIT, rate=Decimal(5), cap_amount=22),
            (Tier(4, Decimal(5)), Tier(5, Decimal(2)), Tier(None, Decimal(0))),
        ),
        (
            PriceModel(**PER_UNIT, rate=Decimal(5), minimum_amount=20),
            (Tier(4, Decimal(0), 20), Tier(None, Decimal(5))),
        ),
        (
            PriceModel(**PER_UNIT, rate=Decimal(5), minimum_amount=3),
            (Tier(1, Decimal(2), 3), Tier(None, Decimal(5))),
        ),
        (PriceModel(**PER_UNIT, rate=Decimal(0), minimum_amount=3), (Tier(None, Decimal(0), 3),)),
        (PriceModel(**PER_UNIT, rate=Decimal(5), minimum_amount=0), (Tier(None, Decimal(5)),)),
        (PriceModel(**PER_UNIT, rate=Decimal(5), cap_amount=0), (Tier(None, Decimal(0)),)),
        (PriceModel(**FEE, minimum_amount=30), FEE["tiers"]),
        (PriceModel(**FEE, cap_amount=30), (Tier(None, Decimal(0), 30),)),
        (
            PriceModel(**GRADUATED, minimum_amount=121, cap_amount=170),
            (Tier(13, Decimal(0), 121), Tier(20, Decimal(7)), Tier(None, Decimal(0))),
        ),
        (
            PriceModel(**GRADUATED, cap_amount=50),
            (Tier(10, Decimal(0)), Tier(11, Decimal(50)), Tier(None, Decimal(0))),
        ),
    ],
)
def test_a_bound_becomes_a_tier(model: PriceModel, tiers: Tiers) -> None:
    assert tiers_of(model) == tiers


@pytest.mark.parametrize("kind", ["flat", "package", "volume"])
def test_other_prices_cannot_be_bounded(kind: Kind) -> None:
    tiers = STAIRS if kind == "volume" else ()
    with pytest.raises(NotInTiers, match=f"a {kind} price cannot have a minimum or a cap"):
        tiers_of(PriceModel(kind, "usd", rate=Decimal(5), tiers=tiers, minimum_amount=100))


@pytest.mark.parametrize("bound", [{"cap_amount": 22}, {"minimum_amount": 22}])
def test_a_bound_reached_within_a_unit_is_refused_where_units_come_in_fractions(
    bound: dict[str, Any],
) -> None:
    with pytest.raises(NotInTiers, match="of 22 is not what a whole number of units costs"):
        tiers_of(PriceModel(**PER_UNIT, rate=Decimal(5), **bound), whole_units=False)
