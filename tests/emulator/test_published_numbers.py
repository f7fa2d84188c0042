"""Figures that Stripe publishes in its documentation, each billed from end to end; the page is named with each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.emulator.account import DAY, START, Account

END = START + 31 * DAY
FONTS: Any = [
    {"up_to": 5, "unit_amount": 700},
    {"up_to": 10, "unit_amount": 650},
    {"up_to": "inf", "unit_amount": 600},
]
FALLING: Any = [
    {"up_to": up_to, "unit_amount": amount}
    for up_to, amount in ((5, 500), (10, 400), (15, 300), (20, 200), ("inf", 100))
]


def billed(account: Account, quantity: int, **price: Any) -> int:
    """What the first invoice for so many units comes to."""
    made = account.price(**price)
    sub = account.subscribe(account.customer().id, {"price": made.id, "quantity": quantity})
    return account.invoices(sub.id)[0].total


def test_going_from_10_to_20_dollars_halfway_costs_5_dollars_more(account: Account) -> None:
    """docs.stripe.com/billing/subscriptions/prorations: -5 USD of unused time, +10 USD of remaining time."""
    sub = account.subscribe(account.customer().id, account.price(1000))
    account.advance(15.5)
    item: Any = {"id": sub["items"].data[0].id, "price": account.price(2000).id}
    account.v1.subscriptions.update(sub.id, {"items": [item]})
    account.advance_to(END + 3600)
    renewal = account.invoices(sub.id)[-1]
    assert sorted(line.amount for line in renewal.lines.data) == [-500, 1000, 2000]
    assert renewal.total == 2500


@pytest.mark.parametrize(("fonts", "cost"), [(1, 700), (5, 3500), (6, 3900), (20, 12000), (25, 15000)])
def test_volume_priced_fonts_cost_what_is_published(account: Account, fonts: int, cost: int) -> None:
    """docs.stripe.com/subscriptions/pricing-models/tiered-pricing."""
    assert billed(account, fonts, billing_scheme="tiered", tiers_mode="volume", tiers=FONTS) == cost


@pytest.mark.parametrize(("fonts", "cost"), [(5, 3500), (6, 4150)])
def test_graduated_fonts_cost_what_is_published(account: Account, fonts: int, cost: int) -> None:
    """docs.stripe.com/subscriptions/pricing-models/tiered-pricing: the sixth font costs 6.50 USD."""
    assert billed(account, fonts, billing_scheme="tiered", tiers_mode="graduated", tiers=FONTS) == cost


@pytest.mark.parametrize(("units", "cost"), [(1, 500), (5, 2500), (6, 2400), (20, 4000), (25, 2500)])
def test_a_volume_price_may_fall_as_the_quantity_grows(account: Account, units: int, cost: int) -> None:
    """stripe.com/docs/billing/subscriptions/tiers: the whole quantity at the tier reached."""
    assert billed(account, units, billing_scheme="tiered", tiers_mode="volume", tiers=FALLING) == cost


def test_six_graduated_units_cost_29_dollars(account: Account) -> None:
    """stripe.com/docs/billing/subscriptions/tiers: 25 USD for the first five, 4 USD for the sixth."""
    assert billed(account, 6, billing_scheme="tiered", tiers_mode="graduated", tiers=FALLING) == 2900


@pytest.mark.parametrize(("users", "cost"), [(1, 1000), (3, 1000), (5, 1000), (6, 2000), (7, 2000)])
def test_ten_dollars_for_every_five_users_or_part_of_it(account: Account, users: int, cost: int) -> None:
    """stripe.com/docs/billing/subscriptions/quantity-transformation."""
    assert billed(account, users, amount=1000, transform_quantity={"divide_by": 5, "round": "up"}) == cost


def test_a_car_for_150_minutes_costs_three_hours(account: Account) -> None:
    """docs.stripe.com/billing/subscriptions/usage-based/transform-quantities: 10 USD per started hour."""
    customer = account.customer()
    hourly = account.metered(amount=1000, transform_quantity={"divide_by": 60, "round": "up"})
    sub = account.subscribe(customer.id, hourly)
    account.use(customer.id, 150)
    account.advance_to(END + 3600)
    assert account.invoices(sub.id)[-1].total == 3000


@pytest.mark.parametrize(("tokens", "cost"), [(100_000, 20_000), (150_000, 25_000)])
def test_a_flat_fee_includes_tokens_and_the_rest_is_extra(account: Account, tokens: int, cost: int) -> None:
    """docs.stripe.com/billing/subscriptions/usage-based/pricing-models: 200 USD with 100,000 tokens, then 0.001."""
    customer = account.customer()
    tiers: Any = [{"up_to": 100_000, "unit_amount": 0}, {"up_to": "inf", "unit_amount_decimal": "0.1"}]
    overage = account.metered(billing_scheme="tiered", tiers_mode="graduated", tiers=tiers)
    sub = account.subscribe(customer.id, account.price(20_000), overage)
    account.use(customer.id, tokens)
    account.advance_to(END + 3600)
    assert account.invoices(sub.id)[-1].total == cost


@pytest.mark.parametrize(("subtotal", "total"), [(10_000, 0), (30_000, 10_000)])
def test_200_dollars_off_take_no_more_than_there_is(account: Account, subtotal: int, total: int) -> None:
    """docs.stripe.com/api/coupons: a subtotal of 100 USD comes to 0, one of 300 USD to 100 USD."""
    coupon = account.v1.coupons.create({"amount_off": 20_000, "currency": "usd", "duration": "once"})
    sub = account.subscribe(account.customer().id, account.price(subtotal), discounts=[{"coupon": coupon.id}])
    assert account.invoices(sub.id)[0].total == total


def test_a_subscription_anchored_on_31_january_bills_on_the_last_day_of_shorter_months(
    account: Account,
) -> None:
    """docs.stripe.com/billing/subscriptions/billing-cycle: 28 February, 31 March, 30 April."""
    account.advance_to(int(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()))
    sub = account.subscribe(account.customer().id, account.price())
    for _ in range(3):
        account.advance_to(account.subscription(sub.id)["items"].data[0].current_period_end)
    days = [datetime.fromtimestamp(invoice.created, UTC) for invoice in account.invoices(sub.id)]
    assert [(day.month, day.day) for day in days] == [(1, 31), (2, 28), (3, 31), (4, 30)]


@pytest.mark.parametrize(("behavior", "june"), [("create_prorations", 25_000), ("none", 20_000)])
def test_from_100_to_200_halfway_bills_250_in_june_or_200_without_proration(
    account: Account, behavior: Any, june: int
) -> None:
    """docs.stripe.com/api/subscriptions/update: 100 on 1 May, and 200 plus half of the difference on 1 June."""
    account.advance_to(int(datetime(2026, 5, 1, tzinfo=UTC).timestamp()))
    sub = account.subscribe(account.customer().id, account.price(10_000))
    account.advance(15.5)
    item: Any = {"id": sub["items"].data[0].id, "price": account.price(20_000).id}
    account.v1.subscriptions.update(sub.id, {"items": [item], "proration_behavior": behavior})
    account.advance_to(int(datetime(2026, 6, 1, 1, tzinfo=UTC).timestamp()))
    assert [invoice.total for invoice in account.invoices(sub.id)] == [10_000, june]


def test_50_percent_off_make_100_dollars_50(account: Account) -> None:
    """docs.stripe.com/api/coupons/object: `percent_off`."""
    coupon = account.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    sub = account.subscribe(account.customer().id, account.price(10_000), discounts=[{"coupon": coupon.id}])
    assert account.invoices(sub.id)[0].total == 5000


@pytest.mark.parametrize(
    ("interval", "days", "totals"),
    [
        ("year", 366, [5000, 10_000]),
        ("month", 155, [5000, 5000, 5000, 5000, 10_000, 10_000]),
        ("week", 127, [5000] * 18 + [10_000]),
    ],
)
def test_half_off_for_four_months_halves_a_year_or_every_invoice_of_four_months(
    account: Account, interval: Any, days: int, totals: list[int]
) -> None:
    """docs.stripe.com/billing/subscriptions/coupons: the whole first year, each of the first four months or weeks."""
    coupon = account.v1.coupons.create({"percent_off": 50, "duration": "repeating", "duration_in_months": 4})
    sub = account.subscribe(
        account.customer().id, account.price(10_000, interval), discounts=[{"coupon": coupon.id}]
    )
    end = account.now() + days * DAY
    while account.now() < end:
        renewal = account.subscription(sub.id)["items"].data[0].current_period_end
        account.advance_to(min(end, renewal))
    assert [invoice.total for invoice in account.invoices(sub.id)] == totals


@pytest.mark.parametrize(("inclusive", "total"), [(True, 60_000), (False, 66_000)])
def test_10_percent_tax_on_600_euros_are_inside_or_on_top(
    account: Account, inclusive: bool, total: int
) -> None:
    """support.stripe.com/questions/inclusive-and-exclusive-tax-options-in-the-tax-rate-api-and-stripe-tax."""
    rate = account.v1.tax_rates.create({"display_name": "VAT", "percentage": 10, "inclusive": inclusive})
    price = account.price(60_000, currency="eur")
    sub = account.subscribe(account.customer().id, price, default_tax_rates=[rate.id])
    assert account.invoices(sub.id)[0].total == total


def test_usage_that_is_negative_over_all_is_billed_as_none(account: Account) -> None:
    """docs.stripe.com/billing/subscriptions/usage-based/meters/configure: the line's quantity is 0."""
    customer = account.customer().id
    sub = account.subscribe(customer, account.metered(amount=100))
    for value in (5, -8):
        account.use(customer, value)
    account.advance_to(END + 3600)
    (line,) = account.invoices(sub.id)[-1].lines.data
    assert (line.quantity, line.amount) == (0, 0)


def test_events_of_one_instant_do_not_overwrite_each_other(account: Account) -> None:
    """docs.stripe.com/billing/subscriptions/usage-based/meters/configure: events are counted as they come."""
    customer = account.customer().id
    sub = account.subscribe(customer, account.metered(amount=100))
    for _ in range(3):
        account.use(customer, 2, timestamp=START)
    account.advance_to(END + 3600)
    assert account.invoices(sub.id)[-1].total == 600


@pytest.mark.parametrize(("currency", "amount", "shown"), [("usd", 1000, "$10.00"), ("jpy", 500, "¥500")])
def test_amounts_are_in_the_smallest_unit_of_their_currency(
    account: Account, currency: str, amount: int, shown: str
) -> None:
    """docs.stripe.com/currencies: 1000 for 10 USD, 500 for 500 JPY."""
    sub = account.subscribe(account.customer().id, account.price(amount, currency=currency))
    (line,) = account.invoices(sub.id)[0].lines.data
    assert (line.amount, line.currency) == (amount, currency)
    assert shown in (line.description or "")
