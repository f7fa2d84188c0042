"""Retrieving, listing and annotating what billing makes, through the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.emulator.account import START, Account


def test_subscriptions_are_listed_by_state_customer_and_price(account: Account) -> None:
    basic, pro = account.price(1000), account.price(2000)
    first, second = account.customer(), account.customer()
    running = account.subscribe(first.id, basic)
    other = account.subscribe(second.id, pro)
    ended = account.subscribe(first.id, pro)
    account.v1.subscriptions.cancel(ended.id)

    def listed(**params: Any) -> list[str]:
        sent: Any = params
        return [sub.id for sub in account.v1.subscriptions.list(sent).data]

    under = {"test_clock": account.clock}
    assert listed(**under) == [other.id, running.id]
    assert listed(**under, status="all") == [ended.id, other.id, running.id]
    assert listed(**under, status="ended") == listed(**under, status="canceled") == [ended.id]
    assert listed(customer=first.id) == [running.id]
    assert listed(**under, price=pro.id) == [other.id]
    assert listed(**under, status="all", limit=1, starting_after=ended.id) == [other.id]


def test_an_item_can_be_retrieved_changed_and_listed(account: Account) -> None:
    sub = account.subscribe(account.customer().id, account.price(), account.price(500), account.price(700))
    items = account.v1.subscription_items
    first = sub["items"].data[0].id
    assert items.retrieve(first).subscription == sub.id
    assert items.update(first, {"quantity": 4, "metadata": {"a": "1"}}).quantity == 4
    paged = items.list({"subscription": sub.id, "limit": 1})
    assert [item.id for item in paged.auto_paging_iter()] == [item.id for item in sub["items"].data]


def test_the_discounts_of_a_subscription_can_be_expanded(account: Account) -> None:
    coupon = account.v1.coupons.create({"percent_off": 10, "duration": "forever"})
    sub = account.subscribe(
        account.customer().id,
        account.price(),
        discounts=[{"coupon": coupon.id}],
        expand=["discounts.source.coupon", "customer", "default_payment_method"],
    )
    assert isinstance(sub.discounts[0], stripe.Discount)
    assert isinstance(sub.discounts[0].source.coupon, stripe.Coupon)
    assert isinstance(sub.customer, stripe.Customer)


def test_a_schedule_can_be_expanded_from_its_subscription(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    schedule = account.v1.subscription_schedules.create({"from_subscription": sub.id})
    (found,) = account.v1.subscriptions.list({"customer": customer.id, "expand": ["data.schedule"]}).data
    assert isinstance(found.schedule, stripe.SubscriptionSchedule)
    assert found.schedule.id == schedule.id
    listed = account.v1.subscription_schedules.list({"customer": customer.id}).data
    assert [known.id for known in listed] == [schedule.id]


def test_a_payment_can_be_followed_from_the_invoice_to_the_charge(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    (invoice,) = account.invoices(sub.id)
    (payment,) = account.v1.invoice_payments.list({"invoice": invoice.id}).data
    assert account.v1.invoice_payments.retrieve(payment.id).amount_paid == 2000
    intent_id = str(payment.payment.payment_intent)
    by_intent = account.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": intent_id}}
    )
    assert [found.id for found in by_intent.data] == [payment.id]
    intent = account.v1.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]})
    assert isinstance(intent.latest_charge, stripe.Charge)
    assert (intent.latest_charge.amount, intent.latest_charge.paid) == (2000, True)
    assert [found.id for found in account.v1.payment_intents.list({"customer": customer.id}).data] == [
        intent.id
    ]
    assert [c.id for c in account.v1.charges.list({"payment_intent": intent.id}).data] == [
        intent.latest_charge.id
    ]


def test_payment_intents_refunds_and_credit_notes_can_be_annotated_and_listed(account: Account) -> None:
    waiting = account.v1.payment_intents.create({"amount": 700, "currency": "usd"})
    noted = account.v1.payment_intents.update(waiting.id, {"metadata": {"order": "1"}, "description": "One"})
    assert (noted.metadata["order"], noted.description) == ("1", "One")
    sub = account.subscribe(account.customer().id, account.price())
    (invoice,) = account.invoices(sub.id)
    note = account.v1.credit_notes.create({"invoice": invoice.id, "amount": 300, "refund_amount": 300})
    assert account.v1.credit_notes.update(note.id, {"memo": "Sorry"}).memo == "Sorry"
    assert account.v1.credit_notes.retrieve(note.id).memo == "Sorry"
    assert [found.id for found in account.v1.credit_notes.list({"invoice": invoice.id}).data] == [note.id]
    (charge,) = account.v1.charges.list({"customer": str(invoice.customer)}).data
    (refund,) = account.v1.refunds.list({"charge": charge.id}).data
    assert account.v1.refunds.retrieve(refund.id).amount == 300


def test_invoices_are_listed_by_customer_state_and_time(account: Account) -> None:
    customer = account.customer()
    sub = account.subscribe(customer.id, account.price())
    account.advance(31)
    invoices = account.v1.invoices
    assert [i.status for i in invoices.list({"customer": customer.id}).data] == ["draft", "paid"]
    assert [i.created for i in invoices.list({"subscription": sub.id, "status": "paid"}).data] == [START]
    assert len(invoices.list({"customer": customer.id, "created": {"gt": START}}).data) == 1


def test_a_draft_can_be_changed_before_it_is_final(account: Account) -> None:
    customer = account.customer()
    account.v1.invoice_items.create({"customer": customer.id, "amount": 1000, "currency": "usd"})
    invoice = account.v1.invoices.create(
        {"customer": customer.id, "pending_invoice_items_behavior": "include"}
    )
    rate = account.v1.tax_rates.create({"display_name": "VAT", "percentage": 10, "inclusive": False})
    coupon = account.v1.coupons.create({"percent_off": 50, "duration": "once"})
    changed = account.v1.invoices.update(
        invoice.id,
        {
            "description": "Thanks",
            "default_tax_rates": [rate.id],
            "discounts": [{"coupon": coupon.id}],
            "auto_advance": True,
        },
    )
    assert (changed.total, changed.description) == (550, "Thanks")
    account.advance_to(START + 3600)
    assert account.v1.invoices.retrieve(invoice.id).status == "paid"


def test_a_card_that_paid_for_a_subscription_is_kept_as_its_default_where_asked(account: Account) -> None:
    customer = account.customer(None)
    sub = account.subscribe(
        customer.id,
        account.price(),
        payment_behavior="default_incomplete",
        payment_settings={"save_default_payment_method": "on_subscription"},
    )
    account.v1.invoices.pay(str(sub.latest_invoice), {"payment_method": "pm_card_visa"})
    (method,) = account.v1.payment_methods.list({"customer": customer.id}).data
    assert account.subscription(sub.id).default_payment_method == method.id


@pytest.mark.parametrize(
    ("params", "param"),
    [
        (
            {"items": [{"price": "PRICE", "billing_thresholds": {"usage_gte": 5}}]},
            "items[0][billing_thresholds]",
        ),
        ({"invoice_settings": {"issuer": {"type": "self"}}}, "invoice_settings[issuer]"),
        ({"pending_invoice_item_interval": {"interval": "month"}}, "pending_invoice_item_interval"),
    ],
)
def test_what_the_emulator_does_not_act_on_is_refused_not_ignored(
    account: Account, params: dict[str, Any], param: str
) -> None:
    price = account.price().id
    items = [{**item, "price": price} for item in params.get("items", [{}])]
    sent: Any = {**params, "customer": account.customer().id, "items": items}
    with pytest.raises(stripe.InvalidRequestError, match="does not imitate") as refused:
        account.v1.subscriptions.create(sent)
    assert refused.value.param == param
