"""What must hold for every price and quantity, tried on generated ones."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from portal.pricing.cost import cost
from portal.pricing.models import Kind, PriceModel, Tier

KINDS: tuple[Kind, ...] = ("flat", "per_unit", "package", "graduated", "volume")

rates = st.decimals(min_value=0, max_value=10_000, places=6)
quantities = st.one_of(
    st.integers(min_value=0, max_value=10**9),
    st.decimals(min_value=0, max_value=10**9, places=9),
)


@st.composite
def tiers(draw: st.DrawFn) -> tuple[Tier, ...]:
    ends = sorted(draw(st.sets(st.integers(min_value=1, max_value=10**6), max_size=4)))
    flat = st.integers(min_value=0, max_value=10_000)
    return tuple(Tier(end, draw(rates), draw(flat)) for end in (*ends, None))


@st.composite
def models(draw: st.DrawFn, *, bounded: bool = True) -> PriceModel:
    kind = draw(st.sampled_from(KINDS))
    least = draw(st.none() | st.integers(min_value=0, max_value=10**6)) if bounded else None
    most = draw(st.none() | st.integers(min_value=least or 0, max_value=10**7)) if bounded else None
    return PriceModel(
        kind,
        "usd",
        rate=draw(rates),
        package_size=draw(st.integers(min_value=1, max_value=1_000)),
        tiers=draw(tiers()) if kind in ("graduated", "volume") else (),
        included=0 if kind == "flat" else draw(st.integers(min_value=0, max_value=1_000)),
        minimum_amount=least,
        cap_amount=most,
    )


@given(models(), quantities)
def test_the_lines_always_add_up_to_the_amount(model: PriceModel, quantity: int | Decimal) -> None:
    priced = cost(model, quantity)
    assert sum(line.amount.minor for line in priced.lines) == priced.amount.minor


@given(models(bounded=False), quantities)
def test_the_amount_is_the_exact_sum_of_the_lines_rounded_once(
    model: PriceModel, quantity: int | Decimal
) -> None:
    priced = cost(model, quantity)
    exact = sum(
        (Fraction(line.quantity) * Fraction(line.rate) + line.flat_amount for line in priced.lines),
        Fraction(0),
    )
    assert abs(exact - priced.amount.minor) <= Fraction(1, 2)


@given(models(bounded=False), quantities, quantities)
def test_more_never_costs_less_except_where_volume_makes_it_cheaper(
    model: PriceModel, one: int | Decimal, other: int | Decimal
) -> None:
    less, more = sorted((one, other))
    if model.kind != "volume":
        assert cost(model, less).amount.minor <= cost(model, more).amount.minor


@given(models(bounded=False), quantities)
def test_every_unit_stands_in_exactly_one_line(model: PriceModel, quantity: int | Decimal) -> None:
    counted = sum(line.quantity for line in cost(model, quantity).lines)
    if model.kind in ("per_unit", "graduated", "volume"):
        assert counted == quantity


@given(models(), quantities)
def test_a_minimum_and_a_cap_are_kept(model: PriceModel, quantity: int | Decimal) -> None:
    amount = cost(model, quantity).amount.minor
    if model.minimum_amount is not None:
        assert amount >= model.minimum_amount
    if model.cap_amount is not None:
        assert amount <= model.cap_amount
