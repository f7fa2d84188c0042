"""Test cards, payment methods and setup intents."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.emulator.account import Account


@pytest.fixture
def customer(stripe_client: StripeClient) -> str:
    return stripe_client.v1.customers.create({"email": "ada@example.com"}).id


def test_a_card_can_be_made_from_a_published_number(stripe_client: StripeClient) -> None:
    method = stripe_client.v1.payment_methods.create(
        {
            "type": "card",
            "card": {"number": "4242 4242 4242 4242", "exp_month": 5, "exp_year": 2099, "cvc": "123"},
        }
    )
    assert method.card is not None
    assert (method.card.brand, method.card.last4, method.card.exp_year) == ("visa", "4242", 2099)


def test_a_card_can_be_made_from_a_token(stripe_client: StripeClient) -> None:
    method = stripe_client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_mastercard"}})
    assert method.card is not None
    assert method.card.brand == "mastercard"


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ({"number": "4111111111111111", "exp_month": 5, "exp_year": 2099}, "incorrect_number"),
        ({"number": "4242424242424242", "exp_month": 13, "exp_year": 2099}, "invalid_expiry_month"),
        ({"number": "4242424242424242", "exp_month": 1, "exp_year": 2001}, "invalid_expiry_year"),
    ],
)
def test_a_card_that_cannot_be_is_refused(stripe_client: StripeClient, card: Any, code: str) -> None:
    with pytest.raises(stripe.CardError) as refused:
        stripe_client.v1.payment_methods.create({"type": "card", "card": card})
    assert refused.value.code == code


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"type": "card"},
        {"type": "card", "card": {}},
        {"type": "card", "card": {"token": "tok_none"}},
        {"type": "sepa_debit", "sepa_debit": {"iban": "DE89370400440532013000"}},
        {"type": "card", "card": {"number": "4242424242424242"}},
    ],
)
def test_an_incomplete_or_unsupported_method_is_refused(stripe_client: StripeClient, params: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.payment_methods.create(params)


def test_an_attached_method_is_listed_and_announced(stripe_client: StripeClient, customer: str) -> None:
    method = stripe_client.v1.payment_methods.attach("pm_card_visa", {"customer": customer})
    listed = stripe_client.v1.payment_methods.list({"customer": customer, "type": "card"})
    assert [found.id for found in listed.data] == [method.id]
    assert stripe_client.v1.customers.payment_methods.retrieve(customer, method.id).customer == customer
    assert len(stripe_client.v1.events.list({"type": "payment_method.attached"}).data) == 1


@pytest.mark.parametrize(
    ("token", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
    ],
)
def test_a_declined_card_cannot_be_attached(
    stripe_client: StripeClient, customer: str, token: str, code: str, decline_code: str | None
) -> None:
    with pytest.raises(stripe.CardError) as refused:
        stripe_client.v1.payment_methods.attach(token, {"customer": customer})
    assert refused.value.code == code
    body: Any = refused.value.json_body
    assert body["error"].get("decline_code") == decline_code
    assert stripe_client.v1.payment_methods.list({"customer": customer}).data == []


def test_a_card_that_fails_later_can_be_attached(stripe_client: StripeClient, customer: str) -> None:
    method = stripe_client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
    assert method.customer == customer


def test_a_detached_method_is_no_default_any_more_and_cannot_come_back(
    stripe_client: StripeClient, customer: str
) -> None:
    method = stripe_client.v1.payment_methods.attach("pm_card_visa", {"customer": customer})
    stripe_client.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
    assert stripe_client.v1.payment_methods.detach(method.id).customer is None
    found = stripe_client.v1.customers.retrieve(customer)
    assert found.invoice_settings is not None
    assert found.invoice_settings.default_payment_method is None
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        stripe_client.v1.payment_methods.attach(method.id, {"customer": customer})
    with pytest.raises(stripe.InvalidRequestError, match="not attached"):
        stripe_client.v1.payment_methods.detach(method.id)


def test_an_attached_method_can_be_updated(stripe_client: StripeClient, customer: str) -> None:
    method = stripe_client.v1.payment_methods.attach("pm_card_visa", {"customer": customer})
    changed = stripe_client.v1.payment_methods.update(
        method.id,
        {
            "card": {"exp_month": 1, "exp_year": 2098},
            "billing_details": {"name": "Ada", "address": {"country": "FR"}},
        },
    )
    assert changed.card is not None
    assert changed.card.exp_year == 2098
    assert changed.billing_details.name == "Ada"


def test_a_setup_intent_saves_a_card(stripe_client: StripeClient, customer: str) -> None:
    intent = stripe_client.v1.setup_intents.create({"customer": customer})
    assert intent.status == "requires_payment_method"
    done = stripe_client.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert done.status == "succeeded"
    assert len(stripe_client.v1.payment_methods.list({"customer": customer}).data) == 1
    types = [event.type for event in stripe_client.v1.events.list().data][::-1]
    assert types[-3:] == ["setup_intent.created", "setup_intent.succeeded", "payment_method.attached"]


def test_a_setup_intent_says_why_a_card_was_declined(stripe_client: StripeClient, customer: str) -> None:
    with pytest.raises(stripe.CardError):
        stripe_client.v1.setup_intents.create(
            {"customer": customer, "payment_method": "pm_card_chargeDeclined", "confirm": True}
        )
    intent = stripe_client.v1.setup_intents.list({"customer": customer}).data[0]
    assert intent.status == "requires_payment_method"
    assert intent.last_setup_error is not None
    assert intent.last_setup_error.code == "card_declined"


def test_a_setup_intent_asks_for_three_d_secure(stripe_client: StripeClient, customer: str) -> None:
    intent = stripe_client.v1.setup_intents.create(
        {
            "customer": customer,
            "payment_method": "pm_card_threeDSecureRequired",
            "confirm": True,
            "return_url": "https://example.com/back",
        }
    )
    assert intent.status == "requires_action"
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    assert intent.next_action.redirect_to_url.return_url == "https://example.com/back"


def test_a_finished_setup_intent_cannot_be_changed(stripe_client: StripeClient, customer: str) -> None:
    intent = stripe_client.v1.setup_intents.create({"customer": customer, "description": "card"})
    assert stripe_client.v1.setup_intents.update(intent.id, {"metadata": {"a": "1"}}).description == "card"
    cancelled = stripe_client.v1.setup_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})
    assert (cancelled.status, cancelled.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert refused.value.code == "setup_intent_unexpected_state"
    assert stripe_client.v1.setup_intents.retrieve(intent.id).status == "canceled"


def test_a_setup_intent_is_announced_as_it_was_asked_for(account: Account) -> None:
    made = account.v1.setup_intents.create(
        {
            "payment_method": "pm_card_visa",
            "metadata": {"a": "1"},
            "automatic_payment_methods": {"enabled": False},
        }
    )
    assert made.status == "requires_confirmation"
    assert account.last_event("setup_intent.created")["data"]["object"] == made.to_dict(for_json=True)


def test_a_finished_setup_intent_can_still_be_annotated(account: Account) -> None:
    done = account.v1.setup_intents.create({"payment_method": "pm_card_visa", "confirm": True})
    assert account.v1.setup_intents.update(done.id, {"description": "Kept"}).description == "Kept"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.setup_intents.update(done.id, {"customer": account.customer().id})
    assert refused.value.code == "setup_intent_unexpected_state"


def test_nothing_is_set_up_for_a_deleted_customer(account: Account) -> None:
    customer = account.customer().id
    intent = account.v1.setup_intents.create({"customer": customer, "payment_method": "pm_card_visa"}).id
    account.v1.customers.delete(customer)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.setup_intents.confirm(intent)
    assert (refused.value.param, refused.value.code) == ("customer", "resource_missing")


def test_where_to_return_to_is_said_when_confirming(account: Account) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        account.v1.setup_intents.create({"return_url": "https://example.com/"})
    assert refused.value.param == "return_url"


@pytest.mark.parametrize(
    ("name", "decline_code"),
    [
        ("visa_chargeDeclined", "generic_decline"),
        ("visa_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("visa_chargeDeclinedLostCard", "lost_card"),
        ("visa_chargeDeclinedVelocityLimitExceeded", "card_velocity_exceeded"),
        ("chargeDeclinedFraudulent", "fraudulent"),
    ],
)
def test_each_declined_card_says_why(account: Account, name: str, decline_code: str) -> None:
    with pytest.raises(stripe.CardError) as declined:
        account.v1.payment_intents.create(
            {"amount": 900, "currency": "usd", "payment_method": f"pm_card_{name}", "confirm": True}
        )
    assert declined.value.error is not None
    assert declined.value.error.decline_code == decline_code


@pytest.mark.parametrize("brand", ["amex", "diners", "discover", "jcb", "mastercard", "unionpay", "visa"])
def test_a_card_of_each_brand_pays(account: Account, brand: str) -> None:
    paid = account.v1.payment_intents.create(
        {
            "amount": 900,
            "currency": "usd",
            "payment_method": f"pm_card_{brand}",
            "confirm": True,
            "expand": ["payment_method"],
        }
    )
    assert isinstance(paid.payment_method, stripe.PaymentMethod)
    assert paid.payment_method.card is not None
    assert (paid.status, paid.payment_method.card.brand) == ("succeeded", brand)
