"""Creating subscriptions: what is charged, what the first state is, and what is announced."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.emulator.account import DAY, START, Account
from tests.emulator.site import Visitor


def test_a_subscription_with_a_good_card_is_active_and_its_first_invoice_paid(account: Account) -> None:
    sub = account.subscribe(account.customer().id, {"price": account.price(2000).id, "quantity": 3})
    (invoice,) = account.invoices(sub.id)
    assert sub.status == "active"
    assert (invoice.status, invoice.total, invoice.amount_paid) == ("paid", 6000, 6000)
    assert invoice.billing_reason == "subscription_create"
    assert invoice.lines.data[0].description == "3 × Pro (at $20.00 / month)"


def test_the_events_of_a_creation_come_in_stripes_order(account: Account) -> None:
    customer, price = account.customer(), account.price()
    account.subscribe(customer.id, price)
    assert account.news() == [
        "invoice.created",
        "invoice.finalized",
        "payment_intent.created",
        "customer.subscription.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.updated",
        "invoice.paid",
        "invoice_payment.paid",
        "invoice.payment_succeeded",
        "customer.subscription.updated",
    ]
    assert account.last_event("customer.subscription.updated")["data"]["previous_attributes"] == {
        "status": "incomplete"
    }


def test_the_period_runs_to_the_same_day_of_the_next_month(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price())
    item = sub["items"].data[0]
    assert (item.current_period_start, item.current_period_end) == (START, START + 31 * DAY)
    assert sub.billing_cycle_anchor == START


def test_a_declined_card_leaves_an_incomplete_subscription_with_an_open_invoice(account: Account) -> None:
    customer = account.customer("pm_card_chargeCustomerFail")
    sub = account.subscribe(customer.id, account.price())
    (invoice,) = account.invoices(sub.id)
    assert sub.status == "incomplete"
    assert (invoice.status, invoice.attempt_count, invoice.next_payment_attempt) == ("open", 1, None)


def test_an_incomplete_subscription_is_active_once_its_invoice_is_paid(account: Account) -> None:
    customer = account.customer("pm_card_chargeCustomerFail")
    sub = account.subscribe(customer.id, account.price())
    account.v1.invoices.pay(account.invoices(sub.id)[0].id, {"payment_method": "pm_card_visa"})
    assert account.subscription(sub.id).status == "active"


def test_an_incomplete_subscription_expires_after_23_hours_and_its_invoice_is_void(account: Account) -> None:
    customer = account.customer("pm_card_chargeCustomerFail")
    sub = account.subscribe(customer.id, account.price())
    account.advance_to(START + 23 * 3600 - 1)
    assert account.subscription(sub.id).status == "incomplete"
    account.advance_to(START + 23 * 3600)
    assert account.subscription(sub.id).status == "incomplete_expired"
    assert account.invoices(sub.id)[0].status == "void"


def test_error_if_incomplete_refuses_a_declined_card_and_leaves_nothing(account: Account) -> None:
    customer = account.customer("pm_card_chargeCustomerFail")
    price = account.price()
    with pytest.raises(stripe.CardError) as refused:
        account.subscribe(customer.id, price, payment_behavior="error_if_incomplete")
    assert refused.value.code == "card_declined"
    assert account.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data == []
    assert account.v1.invoices.list({"customer": customer.id}).data == []
    assert account.news() == []


def test_default_incomplete_waits_for_the_payer_and_gives_the_secret_for_it(account: Account) -> None:
    customer = account.customer(None)
    sub = account.subscribe(
        customer.id,
        account.price(),
        payment_behavior="default_incomplete",
        expand=["latest_invoice.confirmation_secret", "latest_invoice.payments"],
    )
    assert sub.status == "incomplete"
    assert isinstance(sub.latest_invoice, stripe.Invoice)
    assert sub.latest_invoice.confirmation_secret is not None
    assert sub.latest_invoice.payments is not None
    intent = sub.latest_invoice.payments.data[0].payment.payment_intent
    assert isinstance(intent, str)
    account.v1.payment_intents.confirm(intent, {"payment_method": "pm_card_visa"})
    assert account.subscription(sub.id).status == "active"


def test_without_a_card_a_charge_is_refused(account: Account) -> None:
    customer = account.customer(None)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.subscribe(customer.id, account.price())
    assert refused.value.code == "resource_missing"
    assert "no attached payment source" in str(refused.value)


def test_a_card_that_asks_for_3d_secure_leaves_the_subscription_incomplete_until_it_is_answered(
    account: Account, visitor: Visitor
) -> None:
    customer = account.customer("pm_card_threeDSecureRequired")
    sub = account.subscribe(customer.id, account.price(), expand=["latest_invoice.payments"])
    assert sub.status == "incomplete"
    assert isinstance(sub.latest_invoice, stripe.Invoice)
    assert sub.latest_invoice.payments is not None
    intent = sub.latest_invoice.payments.data[0].payment.payment_intent
    assert isinstance(intent, str)
    asked = account.v1.payment_intents.retrieve(intent)
    assert asked.status == "requires_action"
    assert "invoice.payment_action_required" in account.news()
    assert account.v1.payment_intents.confirm(intent).status == "requires_action"
    assert account.subscription(sub.id).status == "incomplete"
    assert asked.next_action is not None
    assert asked.next_action.redirect_to_url is not None
    visitor.post(str(asked.next_action.redirect_to_url.url), outcome="complete")
    assert account.subscription(sub.id).status == "active"


def test_a_free_price_needs_no_card(account: Account) -> None:
    sub = account.subscribe(account.customer(None).id, account.price(0))
    assert sub.status == "active"
    assert account.invoices(sub.id)[0].status == "paid"


def test_an_anchor_in_the_future_charges_the_days_up_to_it(account: Account) -> None:
    """A third of a 30-day month, from 10 to 20 January, of a cycle that began on 20 December (31 days)."""
    anchor = START + 10 * DAY
    sub = account.subscribe(account.customer().id, account.price(3100), billing_cycle_anchor=anchor)
    assert account.invoices(sub.id)[0].total == 1000
    assert sub["items"].data[0].current_period_end == anchor


def test_send_invoice_makes_an_open_invoice_with_a_due_date(account: Account) -> None:
    sub = account.subscribe(
        account.customer(None).id, account.price(), collection_method="send_invoice", days_until_due=14
    )
    (invoice,) = account.invoices(sub.id)
    assert (sub.status, invoice.status, invoice.due_date) == ("active", "open", START + 14 * DAY)
    account.advance(15)
    assert account.subscription(sub.id).status == "past_due"
    assert "invoice.overdue" in account.news()


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"items": []}, "items"),
        ({"trial_end": START - 1}, "trial_end"),
        ({"trial_period_days": 7, "trial_end": START + DAY}, "trial_end"),
        ({"billing_cycle_anchor": START - DAY}, "billing_cycle_anchor"),
        ({"billing_cycle_anchor": {"type": "now"}}, "billing_cycle_anchor"),
        ({"payment_behavior": "whatever"}, "payment_behavior"),
        ({"collection_method": "send_invoice"}, "days_until_due"),
        ({"default_payment_method": "pm_missing"}, "default_payment_method"),
        ({"quantity": 2}, "quantity"),
        ({"transfer_data": {"destination": "acct_1"}}, "transfer_data"),
    ],
)
def test_what_makes_no_sense_is_refused_by_the_parameters_name(
    account: Account, params: dict[str, object], param: str
) -> None:
    customer, price = account.customer(), account.price()
    sent: Any = {"customer": customer.id, "items": [{"price": price.id}], **params}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.subscriptions.create(sent)
    assert refused.value.param == param
    assert account.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data == []


def test_the_same_price_twice_is_refused(account: Account) -> None:
    customer, price = account.customer(), account.price()
    with pytest.raises(stripe.InvalidRequestError, match="multiple subscription items"):
        account.subscribe(customer.id, price, price)


def test_two_currencies_are_refused(account: Account) -> None:
    customer, dollars, euros = account.customer(), account.price(), account.price(currency="eur")
    with pytest.raises(stripe.InvalidRequestError, match="expected currency"):
        account.subscribe(customer.id, dollars, euros)
