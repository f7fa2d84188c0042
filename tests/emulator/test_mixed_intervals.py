"""Subscriptions whose items are billed in different intervals: a yearly base and usage by the month, above all."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from portal.emulator.billing.periods import Cadence, after
from tests.emulator.account import DAY, START, Account

MONTH = 31 * DAY
YEAR = 365 * DAY
CLASSIC: dict[str, Any] = {"billing_mode": {"type": "classic"}}


def periods(sub: stripe.Subscription) -> list[tuple[int, int]]:
    return [(item.current_period_start, item.current_period_end) for item in sub["items"].data]


def totals(account: Account, sub: stripe.Subscription) -> list[int]:
    return [invoice.total for invoice in account.invoices(sub.id)]


def month(number: int) -> int:
    return after(START, Cadence("month", number))


@pytest.fixture
def customer(account: Account) -> str:
    return account.customer().id


@pytest.fixture
def mixed(account: Account, customer: str) -> stripe.Subscription:
    """A base of $365 a year, and calls of one cent each by the month."""
    return account.subscribe(customer, account.price(36_500, "year"), account.metered())


def test_each_item_has_its_own_period(account: Account, mixed: stripe.Subscription) -> None:
    assert periods(mixed) == [(START, START + YEAR), (START, START + MONTH)]
    account.advance_to(month(1))
    assert periods(account.subscription(mixed.id)) == [(START, START + YEAR), (month(1), month(2))]


def test_usage_is_invoiced_by_the_month_and_the_base_with_it_once_a_year(
    account: Account, customer: str, mixed: stripe.Subscription
) -> None:
    for number in range(1, 13):
        account.use(customer, number * 100)
        account.advance_to(month(number))
    assert totals(account, mixed) == [36_500, *(number * 100 for number in range(1, 12)), 36_500 + 1200]
    last = account.invoices(mixed.id)[-1]
    assert [(line.amount, line.period.start, line.period.end) for line in last.lines.data] == [
        (1200, month(11), month(12)),
        (36_500, month(12), after(START, Cadence("year", 2))),
    ]


def test_a_period_of_three_months_and_one_of_a_month_are_invoiced_where_they_end(account: Account) -> None:
    """The example of Stripe's documentation."""
    quarterly = account.price(10_000, recurring={"interval_count": 3})
    sub = account.subscribe(account.customer().id, account.price(1500), quarterly)
    for number in (1, 2, 3):
        account.advance_to(month(number))
    assert totals(account, sub) == [11_500, 1500, 1500, 11_500]


@pytest.mark.parametrize(
    ("one", "other", "allowed"),
    [
        (("month", 1), ("month", 3), True),
        (("month", 1), ("year", 1), True),
        (("day", 1), ("week", 1), True),
        (("day", 1), ("month", 3), True),
        (("day", 1), ("year", 2), True),
        (("week", 2), ("week", 4), True),
        (("week", 1), ("day", 7), True),
        (("month", 12), ("year", 1), True),
        (("month", 2), ("month", 3), False),
        (("month", 4), ("month", 6), False),
        (("week", 1), ("month", 1), False),
        (("week", 1), ("year", 1), False),
        (("day", 2), ("week", 1), False),
        (("month", 5), ("year", 1), False),
    ],
)
def test_every_interval_must_be_a_multiple_of_the_shortest(
    one: tuple[str, int], other: tuple[str, int], allowed: bool
) -> None:
    """The combinations of Stripe's documentation."""
    shortest, longest = sorted([Cadence(*one), Cadence(*other)], key=lambda cadence: cadence.days)
    assert longest.is_multiple_of(shortest) is allowed


def test_intervals_that_do_not_go_together_are_refused(account: Account, customer: str) -> None:
    weekly, monthly = account.price(100, "week"), account.price(100)
    with pytest.raises(stripe.InvalidRequestError, match="multiples of the shortest") as refused:
        account.subscribe(customer, weekly, monthly)
    assert refused.value.param == "items"
    phases: Any = [{"items": [{"price": weekly.id}, {"price": monthly.id}]}]
    with pytest.raises(stripe.InvalidRequestError, match="multiples of the shortest"):
        account.v1.subscription_schedules.create(
            {"customer": customer, "start_date": "now", "phases": phases}
        )


def test_classic_mode_knows_one_interval_only(account: Account, customer: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="same interval"):
        account.subscribe(customer, account.price(100, "year"), account.metered(), **CLASSIC)


def test_checkout_makes_no_such_subscription(account: Account, customer: str) -> None:
    items: Any = [{"price": account.price(100, "year").id, "quantity": 1}, {"price": account.metered().id}]
    with pytest.raises(stripe.InvalidRequestError, match="different billing intervals") as refused:
        account.v1.checkout.sessions.create(
            {"mode": "subscription", "success_url": "https://example.com", "line_items": items}
        )
    assert refused.value.param == "line_items"


def test_a_metered_item_can_be_added_to_a_yearly_subscription_without_an_invoice(
    account: Account, customer: str
) -> None:
    calls = account.metered()
    sub = account.subscribe(customer, account.price(36_500, "year"))
    account.use(customer, 70)
    account.advance(4)
    added: Any = {"items": [{"price": calls.id}], "proration_behavior": "always_invoice"}
    changed = account.v1.subscriptions.update(sub.id, added)
    assert periods(changed) == [(START, START + YEAR), (START + 4 * DAY, START + MONTH)]
    assert totals(account, sub) == [36_500]
    account.use(customer, 5)
    account.advance_to(month(1))
    assert totals(account, sub) == [36_500, 5]


def test_another_interval_keeps_the_billing_date_and_is_prorated(account: Account, customer: str) -> None:
    sub = account.subscribe(customer, account.price(3100), account.metered())
    account.use(customer, 500)
    account.advance(10)
    yearly: Any = {"id": sub["items"].data[0].id, "price": account.price(36_500, "year").id}
    changed = account.v1.subscriptions.update(
        sub.id, {"items": [yearly], "proration_behavior": "always_invoice"}
    )
    assert changed.billing_cycle_anchor == START
    assert periods(changed) == [(START, START + YEAR), (START, START + MONTH)]
    assert [line.amount for line in account.invoices(sub.id)[1].lines.data] == [-2100, 35_500]
    account.advance_to(month(1))
    assert totals(account, sub)[2:] == [500]


def test_back_from_year_to_month_the_rest_of_the_year_is_credited(account: Account, customer: str) -> None:
    sub = account.subscribe(customer, account.price(36_500, "year"))
    account.advance_to(month(1) + 18 * DAY)
    monthly: Any = {"id": sub["items"].data[0].id, "price": account.price(2800).id}
    changed = account.v1.subscriptions.update(
        sub.id, {"items": [monthly], "proration_behavior": "always_invoice"}
    )
    assert periods(changed) == [(month(1), month(2))]
    assert totals(account, sub) == [36_500, -100 * (365 - 31 - 18) + 1000]


def test_from_free_to_paid_the_billing_date_stays(account: Account, customer: str) -> None:
    sub = account.subscribe(customer, account.price(0))
    account.advance(10)
    paid: Any = {"id": sub["items"].data[0].id, "price": account.price(3100).id}
    changed = account.v1.subscriptions.update(
        sub.id, {"items": [paid], "proration_behavior": "always_invoice"}
    )
    assert (changed.billing_cycle_anchor, totals(account, sub)) == (START, [0, 2100])


def test_more_of_the_yearly_item_is_prorated_over_the_year(
    account: Account, mixed: stripe.Subscription
) -> None:
    account.advance_to(month(1))
    account.advance(42)
    more: Any = {"id": mixed["items"].data[0].id, "quantity": 2}
    account.v1.subscriptions.update(mixed.id, {"items": [more], "proration_behavior": "always_invoice"})
    assert totals(account, mixed)[-1] == (365 - 31 - 42) * 100


def test_a_meter_with_another_interval_bills_what_was_used_before(account: Account, customer: str) -> None:
    calls = account.metered()
    assert calls.recurring is not None
    meter = {"usage_type": "metered", "meter": calls.recurring.meter}
    sub = account.subscribe(
        customer, account.price(36_500, "year"), account.price(1, "year", recurring=meter)
    )
    account.use(customer, 300)
    account.advance(10)
    monthly: Any = {"id": sub["items"].data[1].id, "price": calls.id}
    changed = account.v1.subscriptions.update(
        sub.id, {"items": [monthly], "proration_behavior": "always_invoice"}
    )
    account.use(customer, 20)
    assert periods(changed)[1] == (START + 10 * DAY, START + MONTH)
    account.advance_to(month(1))
    assert totals(account, sub) == [36_500, 300, 20]


def test_the_end_of_the_period_is_the_earliest_one(account: Account, mixed: stripe.Subscription) -> None:
    ending = account.v1.subscriptions.update(mixed.id, {"cancel_at_period_end": True})
    assert (ending.cancel_at, ending.cancel_at_period_end) == (START + MONTH, True)


@pytest.mark.parametrize(
    ("helper", "at"), [("min_period_end", START + MONTH), ("max_period_end", START + YEAR)]
)
def test_which_end_is_meant_can_be_said(
    account: Account, mixed: stripe.Subscription, helper: Any, at: int
) -> None:
    ending = account.v1.subscriptions.update(mixed.id, {"cancel_at": helper})
    assert (ending.cancel_at, ending.cancel_at_period_end) == (at, False)
    kept = account.v1.subscriptions.update(mixed.id, {"cancel_at": ""})
    assert (kept.cancel_at, kept.canceled_at) == (None, None)


def test_until_the_year_is_over_usage_goes_on_being_billed(
    account: Account, customer: str, mixed: stripe.Subscription
) -> None:
    account.v1.subscriptions.update(mixed.id, {"cancel_at": "max_period_end"})
    account.use(customer, 100)
    account.advance_to(month(1))
    account.advance_to(month(2))
    for number in (4, 6, 8, 10, 11):
        account.advance_to(month(number))
    account.use(customer, 900)
    account.advance_to(month(12))
    ended = account.subscription(mixed.id)
    assert (ended.status, ended.ended_at) == ("canceled", START + YEAR)
    assert [total for total in totals(account, mixed) if total] == [36_500, 100, 900]
    assert account.v1.customers.retrieve(customer).balance == 0


def test_a_schedule_made_of_it_runs_until_the_year_is_over(
    account: Account, mixed: stripe.Subscription
) -> None:
    schedule = account.v1.subscription_schedules.create({"from_subscription": mixed.id})
    assert (schedule.phases[0].start_date, schedule.phases[0].end_date) == (START, START + YEAR)


def test_a_phase_without_an_end_lasts_one_of_its_longest_periods(account: Account, customer: str) -> None:
    items: Any = [{"price": account.metered().id}, {"price": account.price(100, "year").id}]
    schedule = account.v1.subscription_schedules.create(
        {"customer": customer, "start_date": "now", "phases": [{"items": items}]}
    )
    assert schedule.phases[0].end_date == START + YEAR


def test_a_plan_by_the_month_can_follow_when_the_year_is_over(
    account: Account, customer: str, mixed: stripe.Subscription
) -> None:
    base, calls = (item.price.id for item in mixed["items"].data)
    schedule = account.v1.subscription_schedules.create({"from_subscription": mixed.id})
    phases: Any = [
        {
            "items": [{"price": base, "quantity": 1}, {"price": calls}],
            "start_date": START,
            "end_date": START + YEAR,
        },
        {
            "items": [{"price": account.price(4000).id}, {"price": account.price(10).id}, {"price": calls}],
            "duration": {"interval": "month", "interval_count": 1},
            "proration_behavior": "none",
        },
    ]
    account.v1.subscription_schedules.update(
        schedule.id, {"phases": phases, "proration_behavior": "none", "end_behavior": "release"}
    )
    for number in (2, 4, 6, 8, 10, 11):
        account.advance_to(month(number))
    account.use(customer, 300)
    account.advance_to(month(12))
    account.use(customer, 50)
    assert totals(account, mixed)[-1] == 4000 + 10 + 300
    assert set(periods(account.subscription(mixed.id))) == {(month(12), month(13))}
    account.advance_to(month(13))
    assert totals(account, mixed)[-1] == 4000 + 10 + 50


def test_the_next_invoice_is_that_of_the_shortest_period(
    account: Account, customer: str, mixed: stripe.Subscription
) -> None:
    account.use(customer, 250)
    preview = account.v1.invoices.create_preview({"subscription": mixed.id})
    assert (preview.total, preview.created) == (250, START + MONTH)
    recurring = account.v1.invoices.create_preview({"subscription": mixed.id, "preview_mode": "recurring"})
    assert recurring.total == 36_500 + 250


def test_within_a_trial_all_periods_end_with_it(account: Account, customer: str) -> None:
    sub = account.subscribe(customer, account.price(36_500, "year"), account.metered(), trial_period_days=14)
    ends = START + 14 * DAY
    assert periods(sub) == [(START, ends), (START, ends)]
    account.advance_to(ends)
    assert periods(account.subscription(sub.id)) == [
        (ends, ends + YEAR),
        (ends, after(ends, Cadence("month", 1))),
    ]


def test_a_notice_comes_before_each_months_invoice(account: Account, mixed: stripe.Subscription) -> None:
    account.news()
    account.advance_to(month(1) - 8 * DAY)
    assert "invoice.upcoming" not in account.news()
    account.advance_to(month(1) - 6 * DAY)
    assert "invoice.upcoming" in account.news()


def test_one_unpaid_month_of_usage_is_retried_for_the_whole_subscription(
    account: Account, customer: str, mixed: stripe.Subscription
) -> None:
    account.use_card(customer, "pm_card_chargeCustomerFail")
    account.use(customer, 5000)
    account.advance_to(month(1) + 2 * 3600)
    assert account.subscription(mixed.id).status == "past_due"
    account.advance(20)
    assert account.subscription(mixed.id).status == "canceled"


def test_a_change_that_waits_for_its_payment_waits_no_longer_than_until_the_next_invoice(
    account: Account, customer: str, mixed: stripe.Subscription
) -> None:
    account.advance_to(month(1) - 3600)
    account.use(customer, 40)
    account.use_card(customer, "pm_card_authenticationRequired")
    more: Any = {"id": mixed["items"].data[0].id, "quantity": 2}
    waiting = account.v1.subscriptions.update(
        mixed.id,
        {
            "items": [more],
            "proration_behavior": "always_invoice",
            "payment_behavior": "pending_if_incomplete",
        },
    )
    assert waiting.pending_update is not None
    assert waiting.pending_update.expires_at == month(1)
    account.use_card(customer, "pm_card_visa")
    account.advance_to(month(1) + 2 * 3600)
    after_it = account.subscription(mixed.id)
    assert (after_it.pending_update, after_it["items"].data[0].quantity) == (None, 1)
    assert [invoice.status for invoice in account.invoices(mixed.id)] == ["paid", "void", "paid"]
    assert totals(account, mixed)[-1] == 40
