"""Pausing and resuming subscriptions."""

from __future__ import annotations

import pytest
import stripe

from tests.emulator.account import DAY, START, Account

END = START + 31 * DAY


def test_a_paused_subscription_is_not_billed_and_its_unused_time_is_credited(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(3100))
    account.advance(10)
    account.news()
    paused = account.v1.subscriptions.pause(sub.id, {"invoicing_behavior": "invoice"})
    assert paused.status == "paused"
    assert paused.status_details is not None
    assert paused.status_details.paused.subscription.type == "pause_requested"
    assert "customer.subscription.paused" in account.news()
    assert account.v1.customers.retrieve(customer.id).balance == -2100
    account.advance_to(END + DAY)
    assert [invoice.total for invoice in account.invoices(sub.id)] == [3100, -2100]


def test_resuming_begins_a_new_period_and_charges_it(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    account.advance(10)
    account.v1.subscriptions.pause(sub.id, {"bill_for": {"unused_time_from": {"type": "none"}}})
    account.advance(50)
    account.news()
    resumed = account.v1.subscriptions.resume(sub.id)
    assert (resumed.status, resumed.status_details) == ("active", None)
    assert resumed["items"].data[0].current_period_start == START + 60 * DAY
    assert [invoice.total for invoice in account.invoices(sub.id)] == [3100, 3100]
    assert "customer.subscription.resumed" in account.news()


def test_resuming_in_the_old_cycle_charges_the_rest_of_it(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    account.advance(5)
    account.v1.subscriptions.pause(sub.id, {"bill_for": {"unused_time_from": {"type": "none"}}})
    account.advance(16)
    resumed = account.v1.subscriptions.resume(
        sub.id, {"billing_cycle_anchor": {"type": "unchanged"}, "proration_behavior": "always_invoice"}
    )
    assert resumed["items"].data[0].current_period_end == END
    assert account.invoices(sub.id)[-1].total == 1000


def test_resuming_can_wait_for_the_payment(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(3100))
    account.v1.subscriptions.pause(sub.id, {"bill_for": {"unused_time_from": {"type": "none"}}})
    account.use_card(customer.id, "pm_card_chargeCustomerFail")
    account.advance(40)
    waiting = account.v1.subscriptions.resume(sub.id, {"payment_behavior": "resume_on_payment_success"})
    assert waiting.status == "paused"
    account.v1.invoices.pay(account.invoices(sub.id)[-1].id, {"payment_method": "pm_card_visa"})
    assert account.subscription(sub.id).status == "active"


def test_usage_so_far_is_billed_when_a_subscription_pauses(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.metered())
    account.use(customer.id, 400)
    account.advance(1)
    account.v1.subscriptions.pause(sub.id, {"invoicing_behavior": "invoice"})
    assert account.invoices(sub.id)[-1].total == 400


def test_only_a_running_flexible_subscription_can_be_paused(account: Account) -> None:
    customer, price = account.customer(), account.price()
    classic = account.subscribe(customer.id, price, billing_mode={"type": "classic"})
    with pytest.raises(stripe.InvalidRequestError, match="flexible"):
        account.v1.subscriptions.pause(classic.id)
    sub = account.subscribe(customer.id, price)
    with pytest.raises(stripe.InvalidRequestError, match="only resume"):
        account.v1.subscriptions.resume(sub.id)
    account.v1.subscriptions.pause(sub.id)
    with pytest.raises(stripe.InvalidRequestError, match="cannot pause"):
        account.v1.subscriptions.pause(sub.id)


def test_a_subscription_with_a_schedule_is_not_paused(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(3100))
    account.v1.subscription_schedules.create({"from_subscription": sub.id})
    with pytest.raises(stripe.InvalidRequestError):
        account.v1.subscriptions.pause(sub.id)
    assert account.subscription(sub.id).status == "active"
