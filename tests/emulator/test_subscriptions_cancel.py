"""Ending subscriptions: at once, at the end of the period, and thinking better of it."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.emulator.account import DAY, START, Account

END = START + 31 * DAY


def test_a_cancellation_at_the_end_of_the_period_leaves_the_rest_of_it(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    account.advance(10)
    account.news()
    set_to_end = account.v1.subscriptions.update(
        sub.id,
        {
            "cancel_at_period_end": True,
            "cancellation_details": {"feedback": "too_expensive", "comment": "sorry"},
        },
    )
    assert set_to_end.status == "active"
    assert (set_to_end.cancel_at, set_to_end.canceled_at) == (END, START + 10 * DAY)
    assert set_to_end.cancellation_details is not None
    assert set_to_end.cancellation_details.reason == "cancellation_requested"
    assert set_to_end.cancellation_details.feedback == "too_expensive"
    assert account.news() == ["customer.subscription.updated"]
    account.advance_to(END)
    ended = account.subscription(sub.id)
    assert (ended.status, ended.ended_at, ended.canceled_at) == ("canceled", END, START + 10 * DAY)
    assert len(account.invoices(sub.id)) == 1
    assert [name for name in account.news() if "test_clock" not in name] == ["customer.subscription.deleted"]


def test_a_cancellation_can_be_taken_back_until_then(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    account.v1.subscriptions.update(sub.id, {"cancel_at_period_end": True})
    resumed = account.v1.subscriptions.update(sub.id, {"cancel_at_period_end": False})
    assert (resumed.cancel_at, resumed.canceled_at, resumed.cancel_at_period_end) == (None, None, False)
    previous = account.last_event("customer.subscription.updated")["data"]["previous_attributes"]
    assert previous["cancel_at_period_end"] is True
    account.advance_to(END + 3600)
    assert account.subscription(sub.id).status == "active"
    assert len(account.invoices(sub.id)) == 2


def test_cancelling_at_once_ends_it_now_without_money_back(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    account.advance(10)
    gone = account.v1.subscriptions.cancel(sub.id)
    assert (gone.status, gone.ended_at, gone.canceled_at) == ("canceled", START + 10 * DAY, START + 10 * DAY)
    assert account.v1.customers.retrieve(customer.id).balance == 0
    assert account.v1.subscriptions.list({"customer": customer.id}).data == []
    assert [s.id for s in account.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data] == [
        sub.id
    ]


def test_cancelling_at_once_with_proration_credits_the_rest(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(3100))
    account.advance(10)
    account.v1.subscriptions.cancel(sub.id, {"prorate": True, "invoice_now": True})
    assert account.invoices(sub.id)[1].total == -2100
    assert account.v1.customers.retrieve(customer.id).balance == -2100


def test_usage_is_billed_when_a_subscription_ends(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(), account.metered())
    account.advance(10)
    account.use(customer.id, 700)
    account.v1.subscriptions.update(sub.id, {"cancel_at_period_end": True})
    account.advance_to(END)
    last = account.invoices(sub.id)[-1]
    assert (last.total, last.status) == (700, "paid")


def test_an_ended_subscription_cannot_be_changed(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    account.v1.subscriptions.cancel(sub.id)
    with pytest.raises(stripe.InvalidRequestError, match="canceled subscription can only update"):
        account.v1.subscriptions.update(sub.id, {"cancel_at_period_end": False})
    with pytest.raises(stripe.InvalidRequestError, match="No such subscription"):
        account.v1.subscriptions.cancel(sub.id)
    assert account.v1.subscriptions.update(sub.id, {"metadata": {"why": "test"}}).metadata["why"] == "test"


def test_a_subscription_can_be_set_to_end_at_any_instant(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    account.v1.subscriptions.update(sub.id, {"cancel_at": START + 45 * DAY})
    account.advance_to(START + 40 * DAY)
    assert account.subscription(sub.id).status == "active"
    account.advance_to(START + 46 * DAY)
    ended = account.subscription(sub.id)
    assert (ended.status, ended.ended_at) == ("canceled", START + 45 * DAY)


@pytest.mark.parametrize(("prorations", "credit"), [("create_prorations", 2100), ("none", 0)])
def test_an_end_within_a_period_credits_the_rest_unless_told_not_to(
    account: Account, prorations: Any, credit: int
) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price(3100))
    account.v1.subscriptions.update(sub.id, {"cancel_at": START + 10 * DAY, "proration_behavior": prorations})
    if credit:
        preview = account.v1.invoices.create_preview({"subscription": sub.id})
        assert (preview.total, preview.created) == (-credit, START + 10 * DAY)
    account.advance_to(START + 11 * DAY)
    assert account.subscription(sub.id).ended_at == START + 10 * DAY
    assert account.v1.customers.retrieve(customer.id).balance == -credit


def test_an_instant_in_the_past_is_refused(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.subscriptions.update(sub.id, {"cancel_at": START - 1})
    assert refused.value.param == "cancel_at"


def test_open_invoices_are_not_collected_any_more_once_it_has_ended(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    account.use_card(customer.id, "pm_card_chargeCustomerFail")
    account.advance_to(END + 3600)
    assert account.subscription(sub.id).status == "past_due"
    account.v1.subscriptions.cancel(sub.id)
    account.advance(30)
    last = account.invoices(sub.id)[-1]
    assert (last.status, last.attempt_count, last.next_payment_attempt, last.auto_advance) == (
        "open",
        1,
        None,
        False,
    )
