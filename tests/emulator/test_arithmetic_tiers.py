"""What a quantity costs under each pricing scheme, with the examples of Stripe's documentation."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.emulator.billing import tiers
from portal.emulator.billing.amounts import allocate, decimal_string, round_half_away, spell


def per_unit(amount: str, transform: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "billing_scheme": "per_unit",
        "unit_amount": None,
        "unit_amount_decimal": amount,
        "transform_quantity": transform,
    }


def tiered(mode: str, *rows: tuple[int | None, str, int]) -> dict[str, Any]:
    return {
        "billing_scheme": "tiered",
        "tiers_mode": mode,
        "tiers": [
            {"up_to": up_to, "unit_amount_decimal": unit, "flat_amount": flat} for up_to, unit, flat in rows
        ],
    }


# docs.stripe.com/products-prices/pricing-models: 1-5 at $7, 6-10 at $6.50, above at $6.
DOCUMENTED = ((5, "700", 0), (10, "650", 0), (None, "600", 0))


@pytest.mark.parametrize(("quantity", "cost"), [(1, 700), (5, 3500), (6, 4150), (20, 12750), (25, 15750)])
def test_graduated_tiers_cost_what_the_documentation_says(quantity: int, cost: int) -> None:
    assert tiers.amount(tiered("graduated", *DOCUMENTED), quantity) == cost


@pytest.mark.parametrize(("quantity", "cost"), [(1, 700), (5, 3500), (6, 3900), (20, 12000), (25, 15000)])
def test_volume_tiers_cost_what_the_documentation_says(quantity: int, cost: int) -> None:
    assert tiers.amount(tiered("volume", *DOCUMENTED), quantity) == cost


def test_a_package_price_charges_started_packages() -> None:
    """Stripe's example: $10 for every 5 units; 8 units are two packages."""
    assert tiers.amount(per_unit("1000", {"divide_by": 5, "round": "up"}), 8) == 2000
    assert tiers.amount(per_unit("1000", {"divide_by": 5, "round": "down"}), 8) == 1000


def test_a_flat_fee_is_charged_for_each_graduated_tier_entered_also_for_no_units() -> None:
    price = tiered("graduated", (100, "0", 1000), (None, "1", 500))
    assert tiers.amount(price, 0) == 1000
    assert tiers.amount(price, 100) == 1000
    assert tiers.amount(price, 101) == 1501


def test_fractions_of_a_cent_are_rounded_once_for_the_item() -> None:
    price = tiered("graduated", (3, "0.5", 0), (None, "0.25", 0))
    assert sum(part for _, part in tiers.lines(price, 9)) == 3
    assert tiers.amount(price, 9) == 3


@given(st.integers(0, 10**7))
def test_the_parts_of_an_item_always_add_up_to_its_rounded_cost(quantity: int) -> None:
    price = tiered("graduated", (1_000, "0", 0), (50_000, "0.137", 99), (None, "0.0421", 0))
    assert sum(part for _, part in tiers.lines(price, quantity)) == round_half_away(
        tiers.amount(price, quantity)
    )


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_a_split_amount_adds_up(total: int, weights: list[int]) -> None:
    assert sum(allocate(total, weights)) == total


def test_halves_are_rounded_away_from_zero() -> None:
    assert [round_half_away(Fraction(n, 2)) for n in (-3, -1, 1, 3)] == [-2, -1, 1, 2]


def test_amounts_are_spelt_with_their_own_number_of_decimals() -> None:
    assert spell(2000, "usd") == "$20.00"
    assert spell(Fraction(1, 5), "usd") == "$0.002"
    assert spell(1500, "jpy") == "¥1,500"
    assert spell(-1999, "sek") == "-19.99 SEK"
    assert decimal_string(Fraction(1, 3)) == "0.333333333333"
