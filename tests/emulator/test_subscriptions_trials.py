"""Trials: how they begin, the notice before their end, and each way in which they end."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.emulator.account import DAY, START, Account

TRIAL = {"trial_period_days": 14}
TRIAL_END = START + 14 * DAY


def test_a_trial_begins_with_an_invoice_of_zero_and_needs_no_card(account: Account) -> None:
    sub = account.subscribe(account.customer(None).id, account.price(), **TRIAL)
    (invoice,) = account.invoices(sub.id)
    assert (sub.status, sub.trial_start, sub.trial_end) == ("trialing", START, TRIAL_END)
    assert (invoice.status, invoice.total) == ("paid", 0)
    assert invoice.lines.data[0].description == "Free trial for 1 × Pro"
    assert sub["items"].data[0].current_period_end == TRIAL_END
    assert sub.billing_cycle_anchor == TRIAL_END


def test_the_notice_comes_three_days_before_the_end(account: Account) -> None:
    account.subscribe(account.customer().id, account.price(), **TRIAL)
    account.advance_to(TRIAL_END - 3 * DAY - 1)
    assert "customer.subscription.trial_will_end" not in account.news()
    account.advance_to(TRIAL_END - 3 * DAY)
    assert "customer.subscription.trial_will_end" in account.news()


def test_the_notice_of_a_short_trial_comes_at_once(account: Account) -> None:
    customer, price = account.customer(), account.price()
    account.subscribe(customer.id, price, trial_period_days=2)
    assert account.news()[-1] == "customer.subscription.trial_will_end"
    account.advance(1)
    assert "customer.subscription.trial_will_end" not in account.news()


def test_after_the_trial_the_first_period_is_paid(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(), **TRIAL)
    account.advance_to(TRIAL_END + 3600)
    invoice = account.invoices(sub.id)[-1]
    assert account.subscription(sub.id).status == "active"
    assert (invoice.status, invoice.total, invoice.billing_reason) == ("paid", 2000, "subscription_cycle")
    assert invoice.lines.data[0].period.start == TRIAL_END


@pytest.mark.parametrize(
    ("behavior", "status"), [("cancel", "canceled"), ("pause", "paused"), ("create_invoice", "past_due")]
)
def test_without_a_card_a_trial_ends_as_its_settings_say(
    account: Account, behavior: str, status: str
) -> None:
    settings: Any = {"end_behavior": {"missing_payment_method": behavior}}
    sub = account.subscribe(account.customer(None).id, account.price(), trial_settings=settings, **TRIAL)
    account.advance_to(TRIAL_END + 3600)
    assert account.subscription(sub.id).status == status


def test_a_subscription_paused_after_its_trial_can_be_resumed_with_a_card(account: Account) -> None:
    customer = account.customer(None)
    settings: Any = {"end_behavior": {"missing_payment_method": "pause"}}
    sub = account.subscribe(customer.id, account.price(), trial_settings=settings, **TRIAL)
    account.advance_to(TRIAL_END + 5 * DAY)
    paused = account.subscription(sub.id)
    assert paused.status_details is not None
    assert paused.status_details.paused.subscription.type == "trial_end_without_payment_method"
    account.use_card(customer.id, "pm_card_visa")
    resumed = account.v1.subscriptions.resume(sub.id, {"payment_behavior": "resume_on_payment_success"})
    assert (resumed.status, resumed.billing_cycle_anchor) == ("active", TRIAL_END + 5 * DAY)
    assert account.invoices(sub.id)[-1].status == "paid"


def test_a_trial_can_be_ended_now(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(), **TRIAL)
    account.advance(4)
    ended = account.v1.subscriptions.update(sub.id, {"trial_end": "now"})
    assert (ended.status, ended.trial_end) == ("active", START + 4 * DAY)
    assert account.invoices(sub.id)[-1].total == 2000


def test_a_trial_can_be_lengthened(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(), **TRIAL)
    longer = account.v1.subscriptions.update(sub.id, {"trial_end": TRIAL_END + 7 * DAY})
    assert (longer.status, longer.billing_cycle_anchor) == ("trialing", TRIAL_END + 7 * DAY)
    account.advance_to(TRIAL_END + DAY)
    assert account.subscription(sub.id).status == "trialing"


def test_a_change_during_the_trial_costs_nothing(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(), **TRIAL)
    account.advance(4)
    account.v1.subscriptions.update(
        sub.id,
        {"items": [{"id": sub["items"].data[0].id, "quantity": 5}], "proration_behavior": "always_invoice"},
    )
    assert [invoice.total for invoice in account.invoices(sub.id)] == [0]
    account.advance_to(TRIAL_END + 3600)
    assert account.invoices(sub.id)[-1].total == 10000


def test_a_cancelled_trial_ends_without_a_charge(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(), **TRIAL)
    cancelled = account.v1.subscriptions.update(sub.id, {"cancel_at_period_end": True})
    assert cancelled.cancel_at == TRIAL_END
    account.advance_to(TRIAL_END + DAY)
    assert account.subscription(sub.id).status == "canceled"
    assert [invoice.total for invoice in account.invoices(sub.id)] == [0]


def test_a_coupon_for_one_invoice_is_kept_for_the_first_that_costs_something(account: Account) -> None:
    coupon = account.v1.coupons.create({"percent_off": 50, "duration": "once"})
    sub = account.subscribe(
        account.customer().id, account.price(), discounts=[{"coupon": coupon.id}], **TRIAL
    )
    account.advance_to(TRIAL_END + 3600)
    account.advance(32)
    assert [invoice.total for invoice in account.invoices(sub.id)] == [0, 1000, 2000]


def test_a_trial_that_waits_for_the_payer_has_a_setup_intent_for_their_card(account: Account) -> None:
    customer = account.customer(None)
    sub = account.subscribe(
        customer.id,
        account.price(3100),
        payment_behavior="default_incomplete",
        payment_settings={"save_default_payment_method": "on_subscription"},
        expand=["pending_setup_intent"],
        **TRIAL,
    )
    intent = sub.pending_setup_intent
    assert isinstance(intent, stripe.SetupIntent)
    assert (sub.status, intent.status, intent.customer) == (
        "trialing",
        "requires_payment_method",
        customer.id,
    )
    assert intent.client_secret is not None
    account.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    after = account.subscription(sub.id)
    assert (after.pending_setup_intent, after.default_payment_method is None) == (None, False)
    account.advance_to(TRIAL_END + 2 * 3600)
    assert account.invoices(sub.id)[-1].status == "paid"


def test_a_trial_with_a_card_asks_for_none(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100), **TRIAL)
    assert sub.pending_setup_intent is None
