"""Prorations, discounts and taxes on single lines."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from portal.emulator.billing.discounts import Discountable, Reduction, apply_discounts
from portal.emulator.billing.periods import Period
from portal.emulator.billing.proration import credit, debit
from portal.emulator.billing.tax import Rate, exclusive_tax, inclusive_tax, line_taxes, total_taxes

AMOUNTS = st.integers(0, 10**8)


def test_half_a_period_later_half_is_credited_and_half_of_the_new_price_debited() -> None:
    """docs.stripe.com/billing/subscriptions/prorations: from $10 to $20 halfway costs $5 now."""
    period = Period(0, 30 * 86_400)
    assert credit(1000, period, 15 * 86_400) == -500
    assert debit(2000, period, 15 * 86_400) == 1000


@given(AMOUNTS, st.lists(st.integers(0, 1000), min_size=1, max_size=8))
def test_credits_against_one_debit_never_exceed_it(charged: int, instants: list[int]) -> None:
    given_back = 0
    for instant in instants:
        given_back -= credit(charged, Period(0, 1000), instant, given_back)
    assert 0 <= given_back <= charged


@given(st.lists(AMOUNTS, min_size=1, max_size=10), st.integers(1, 100))
def test_a_percentage_comes_off_the_lines_as_it_comes_off_their_sum(amounts: list[int], percent: int) -> None:
    lines = [Discountable(amount) for amount in amounts]
    apply_discounts(lines, [Reduction("di_1", {"percent_off": percent})], "usd")
    taken = sum(amount - line.left for amount, line in zip(amounts, lines, strict=True))
    assert abs(taken - Fraction(sum(amounts) * percent, 100)) <= Fraction(1, 2)
    assert all(line.left >= 0 for line in lines)


def test_a_fixed_amount_never_takes_more_than_the_lines_hold() -> None:
    lines = [Discountable(300), Discountable(200), Discountable(-100)]
    apply_discounts(lines, [Reduction("di_1", {"amount_off": 900, "currency": "usd"})], "usd")
    assert [line.left for line in lines] == [0, 0, -100]


def test_a_coupon_for_one_product_leaves_the_others() -> None:
    lines = [Discountable(1000, "prod_a"), Discountable(1000, "prod_b")]
    coupon = {"percent_off": 50, "applies_to": {"products": ["prod_b"]}}
    apply_discounts(lines, [Reduction("di_1", coupon)], "usd")
    assert [line.left for line in lines] == [1000, 500]


def test_the_discounts_of_an_item_come_before_those_of_the_invoice() -> None:
    line = Discountable(1000, own=[Reduction("di_item", {"amount_off": 500, "currency": "usd"})])
    apply_discounts([line], [Reduction("di_sub", {"percent_off": 50})], "usd")
    assert line.taken == [("di_item", 500), ("di_sub", 250)]


def test_exclusive_tax_comes_on_top_and_inclusive_tax_out_of_the_amount() -> None:
    exclusive = line_taxes(1000, [Rate("txr_1", Fraction(19), False)], "none")
    inclusive = line_taxes(1190, [Rate("txr_1", Fraction(19), True)], "none")
    assert (exclusive_tax(exclusive), inclusive_tax(exclusive)) == (190, 0)
    assert (exclusive_tax(inclusive), inclusive_tax(inclusive)) == (0, 190)


def test_a_reverse_charge_is_shown_and_costs_nothing() -> None:
    (tax,) = line_taxes(1000, [Rate("txr_1", Fraction(19), False)], "reverse")
    assert (tax["amount"], tax["taxability_reason"]) == (0, "reverse_charge")


@given(st.lists(st.integers(-(10**7), 10**7), max_size=10))
def test_total_taxes_are_the_sum_of_the_lines_taxes(amounts: list[int]) -> None:
    taxes = [line_taxes(amount, [Rate("txr_1", Fraction("8.1"), False)], "none") for amount in amounts]
    assert sum(tax["amount"] for tax in total_taxes(taxes)) == sum(exclusive_tax(tax) for tax in taxes)
