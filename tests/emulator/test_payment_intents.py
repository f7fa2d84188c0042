"""Payment intents by themselves: what they announce, how they are changed, captured, cancelled and refused."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.emulator.account import Account
from tests.emulator.site import Visitor

CARD: Any = {"payment_method": "pm_card_visa", "confirm": True}


def ten_dollars(**more: Any) -> Any:
    """What a payment of ten dollars is made with."""
    return {"amount": 1000, "currency": "usd", **more}


def test_an_intent_is_announced_as_it_was_asked_for(account: Account) -> None:
    customer = account.customer().id
    made = account.v1.payment_intents.create(
        ten_dollars(
            customer=customer,
            metadata={"order": "7"},
            description="Poster",
            receipt_email="ada@example.com",
            payment_method="pm_card_visa",
        )
    )
    told = account.last_event("payment_intent.created")["data"]["object"]
    assert told == made.to_dict(for_json=True)
    assert (told["metadata"], told["status"]) == ({"order": "7"}, "requires_confirmation")
    assert told["automatic_payment_methods"] == {"allow_redirects": "always", "enabled": True}


def test_what_is_to_be_paid_can_change_until_it_is(account: Account) -> None:
    intents = account.v1.payment_intents
    customer = account.customer().id
    intent = intents.create(ten_dollars())
    intents.update(intent.id, {"amount": 700, "currency": "eur", "customer": customer})
    done = intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert (done.amount_received, done.currency, done.customer) == (700, "eur", customer)
    assert intents.update(intent.id, {"description": "Poster"}).description == "Poster"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        intents.update(intent.id, {"amount": 800})
    assert refused.value.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize(
    ("params", "param", "code"),
    [
        ({"amount": 0}, "amount", "parameter_invalid_integer"),
        ({"amount": -1}, "amount", "parameter_invalid_integer"),
        ({"amount": 49}, "amount", "amount_too_small"),
        ({"amount": 100_000_000}, "amount", "amount_too_large"),
        ({"amount": 2**63}, "amount", "parameter_invalid_integer"),
        ({"currency": "xyz"}, "currency", None),
        ({"customer": "cus_none"}, "customer", "resource_missing"),
        ({"payment_method": "pm_none"}, "payment_method", "resource_missing"),
        ({"payment_method": "pm_card_none"}, "payment_method", "resource_missing"),
        ({"confirm": True}, None, "payment_intent_unexpected_state"),
        ({"off_session": True}, "off_session", None),
        ({"return_url": "https://example.com"}, "return_url", None),
        ({"error_on_requires_action": True}, "error_on_requires_action", None),
        ({"capture_method": "by_hand"}, "capture_method", None),
        ({"setup_future_usage": "sometimes"}, "setup_future_usage", None),
        ({"payment_method_options": {"card": {"moto": True}}}, "payment_method_options", None),
        ({"confirmation_method": "manual"}, "confirmation_method", None),
    ],
)
def test_an_intent_that_cannot_be_is_refused(
    account: Account, params: Any, param: str | None, code: str | None
) -> None:
    before = account.emulator.store.snapshot()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.payment_intents.create(ten_dollars(**params))
    assert (refused.value.param, refused.value.code) == (param, code)
    assert account.emulator.store.snapshot() == before


def test_a_card_that_asks_for_3d_secure_leads_to_its_page_and_back(
    account: Account, visitor: Visitor
) -> None:
    intents = account.v1.payment_intents
    intent = intents.create(
        ten_dollars(
            payment_method="pm_card_threeDSecureRequired",
            confirm=True,
            return_url="https://example.com/back",
        )
    )
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    assert intent.next_action.redirect_to_url.return_url == "https://example.com/back"
    assert intents.confirm(intent.id).status == "requires_action"
    answered = visitor.post(str(intent.next_action.redirect_to_url.url), outcome="complete")
    assert answered.location == f"https://example.com/back?payment_intent={intent.id}"
    assert intents.retrieve(intent.id).status == "succeeded"


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"off_session": True}, "authentication_required"),
        ({"error_on_requires_action": True}, "payment_intent_action_required"),
    ],
)
def test_where_nobody_can_answer_3d_secure_the_payment_is_declined(
    account: Account, how: Any, code: str
) -> None:
    account.news()
    with pytest.raises(stripe.CardError) as declined:
        account.v1.payment_intents.create(
            ten_dollars(payment_method="pm_card_threeDSecureRequired", confirm=True, **how)
        )
    assert declined.value.code == code
    assert account.v1.payment_intents.list().data[0].status == "requires_payment_method"
    assert account.news() == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]


def test_a_payment_can_be_authorized_first_and_captured_in_part_later(account: Account) -> None:
    intents = account.v1.payment_intents
    intent = intents.create(ten_dollars(**CARD, capture_method="manual"))
    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 1000, 0)
    assert account.news()[-2:] == ["charge.succeeded", "payment_intent.amount_capturable_updated"]
    charge = str(intent.latest_charge)
    assert not account.v1.charges.retrieve(charge).captured
    with pytest.raises(stripe.InvalidRequestError, match="not captured"):
        account.v1.refunds.create({"charge": charge})
    taken = intents.capture(intent.id, {"amount_to_capture": 600, "metadata": {"a": "1"}})
    assert (taken.status, taken.amount_capturable, taken.amount_received) == ("succeeded", 0, 600)
    assert account.news() == ["charge.captured", "payment_intent.succeeded"]
    after = account.v1.charges.retrieve(charge)
    assert (after.captured, after.amount_captured, after.amount_refunded) == (True, 600, 400)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        intents.capture(intent.id)
    assert refused.value.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"amount_to_capture": 1001}, "amount_to_capture"),
        ({"amount_to_capture": 0}, "amount_to_capture"),
        ({"amount_to_capture": -5}, "amount_to_capture"),
        ({"final_capture": False}, "final_capture"),
    ],
)
def test_more_than_was_authorized_cannot_be_captured(account: Account, params: Any, param: str) -> None:
    intent = account.v1.payment_intents.create(ten_dollars(**CARD, capture_method="manual"))
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.payment_intents.capture(intent.id, params)
    assert refused.value.param == param
    assert account.v1.payment_intents.retrieve(intent.id).status == "requires_capture"


def test_cancelling_an_authorized_payment_releases_it(account: Account) -> None:
    intent = account.v1.payment_intents.create(ten_dollars(**CARD, capture_method="manual"))
    account.news()
    gone = account.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})
    assert (gone.status, gone.amount_capturable, gone.cancellation_reason) == ("canceled", 0, "abandoned")
    assert account.news() == ["charge.refunded", "payment_intent.canceled"]
    assert account.v1.charges.retrieve(str(intent.latest_charge)).refunded


def test_what_is_not_captured_within_a_week_is_released(account: Account) -> None:
    customer = account.customer().id
    held = account.v1.payment_intents.create(ten_dollars(customer=customer, **CARD, capture_method="manual"))
    account.advance(6.9)
    assert account.v1.payment_intents.retrieve(held.id).status == "requires_capture"
    account.news()
    account.advance(0.2)
    assert account.news()[1:-1] == ["charge.expired", "payment_intent.canceled"]
    gone = account.v1.payment_intents.retrieve(held.id)
    assert (gone.status, gone.cancellation_reason) == ("canceled", "automatic")
    assert account.v1.charges.retrieve(str(held.latest_charge)).refunded


def test_the_intent_of_an_invoice_belongs_to_it(account: Account) -> None:
    sub = account.subscribe(
        account.customer().id,
        account.price(),
        payment_behavior="default_incomplete",
        expand=["latest_invoice.payments"],
    )
    assert isinstance(sub.latest_invoice, stripe.Invoice)
    assert sub.latest_invoice.payments is not None
    intent = str(sub.latest_invoice.payments.data[0].payment.payment_intent)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.payment_intents.update(intent, {"amount": 5000})
    assert refused.value.param == "amount"
    with pytest.raises(stripe.InvalidRequestError, match="void the invoice"):
        account.v1.payment_intents.cancel(intent)
    assert (
        account.last_event("payment_intent.created")["data"]["object"]["setup_future_usage"] == "off_session"
    )


def test_a_card_that_nobody_kept_pays_once(account: Account) -> None:
    method = account.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}}).id
    pay = ten_dollars(payment_method=method, confirm=True)
    assert account.v1.payment_intents.create(pay).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        account.v1.payment_intents.create(pay)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        account.v1.payment_methods.attach(method, {"customer": account.customer().id})


def test_a_detached_card_pays_nothing_any_more(account: Account) -> None:
    customer = account.customer()
    method = account.v1.payment_methods.list({"customer": customer.id}).data[0].id
    sub = account.subscribe(customer.id, account.price(), default_payment_method=method)
    account.v1.payment_methods.detach(method)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        account.v1.payment_intents.create(ten_dollars(payment_method=method, confirm=True))
    account.advance(32)
    assert [invoice.status for invoice in account.invoices(sub.id)] == ["paid", "open"]
    assert account.subscription(sub.id).status == "past_due"
