"""What a client may count on, at Stripe as here.

These run against the emulator. With STRIPE_CONFORMANCE_KEY set to a test key (`sk_test_…`) they run against that
Stripe account instead, which they leave with a few archived products and deleted customers.
"""

from __future__ import annotations

import os
import uuid
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from portal.emulator.app import Emulator
from tests.fixtures.emulator import client_of

REAL_KEY = os.environ.get("STRIPE_CONFORMANCE_KEY", "")


@pytest.fixture
def client(emulator: Emulator) -> StripeClient:
    if not REAL_KEY:
        return client_of(emulator)
    assert REAL_KEY.startswith("sk_test_"), "STRIPE_CONFORMANCE_KEY must be a test key"
    return StripeClient(REAL_KEY, max_network_retries=2)


@pytest.fixture
def price(client: StripeClient) -> stripe.Price:
    return client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 3000,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Conformance"},
        }
    )


@pytest.fixture
def payer(client: StripeClient) -> stripe.Customer:
    """A customer with a good card, under a test clock of its own."""
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": 1_800_000_000})
    return client.v1.customers.create(
        {
            "email": "conformance@example.com",
            "test_clock": clock.id,
            "payment_method": "pm_card_visa",
            "invoice_settings": {"default_payment_method": "pm_card_visa"},
        }
    )


def _subscribe(
    client: StripeClient, payer: stripe.Customer, price: stripe.Price, **more: Any
) -> stripe.Subscription:
    params: Any = {"customer": payer.id, "items": [{"price": price.id, "quantity": 2}]}
    params |= more
    return client.v1.subscriptions.create(params)


def test_an_unknown_parameter_is_refused_by_name(client: StripeClient) -> None:
    params: Any = {"emial": "a@example.com"}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.create(params)
    assert (refused.value.http_status, refused.value.code, refused.value.param) == (
        400,
        "parameter_unknown",
        "emial",
    )


def test_an_unknown_customer_is_a_404(client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.customers.retrieve("cus_0000000000")
    assert (refused.value.http_status, refused.value.code, refused.value.param) == (
        404,
        "resource_missing",
        "id",
    )


def test_a_deleted_customer_is_a_stub(client: StripeClient) -> None:
    customer = client.v1.customers.create({"email": "conformance@example.com"})
    client.v1.customers.delete(customer.id)
    assert client.v1.customers.retrieve(customer.id).to_dict() == {
        "id": customer.id,
        "object": "customer",
        "deleted": True,
    }


def test_metadata_is_merged_and_emptied(client: StripeClient) -> None:
    customer = client.v1.customers.create({"metadata": {"a": "1", "b": "2"}})
    merged = client.v1.customers.update(customer.id, {"metadata": {"a": "", "c": "3"}})
    assert merged.metadata is not None
    assert merged.metadata.to_dict() == {"b": "2", "c": "3"}


def test_the_same_key_gives_the_same_customer(client: StripeClient) -> None:
    key = str(uuid.uuid4())
    made = [client.v1.customers.create({"name": "Ada"}, {"idempotency_key": key}).id for _ in range(2)]
    assert made[0] == made[1]
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({"name": "Eve"}, {"idempotency_key": key})


def test_a_declined_card_cannot_be_saved(client: StripeClient) -> None:
    customer = client.v1.customers.create()
    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": customer.id})
    assert (refused.value.http_status, refused.value.code) == (402, "card_declined")


def test_a_subscription_is_paid_at_once_and_its_items_know_their_period(
    client: StripeClient, payer: stripe.Customer, price: stripe.Price
) -> None:
    subscription = _subscribe(client, payer, price, expand=["latest_invoice.payments"])
    (item,) = subscription.items.data
    assert subscription.status == "active"
    assert (item.quantity, item.current_period_start) == (2, 1_800_000_000)
    invoice = subscription.latest_invoice
    assert isinstance(invoice, stripe.Invoice)
    assert (invoice.status, invoice.amount_paid, invoice.billing_reason) == (
        "paid",
        6000,
        "subscription_create",
    )


def test_a_preview_equals_the_charge(
    client: StripeClient, payer: stripe.Customer, price: stripe.Price
) -> None:
    subscription = _subscribe(client, payer, price)
    (item,) = subscription.items.data
    at = item.current_period_start + 10 * 24 * 3600 + 12345
    client.v1.test_helpers.test_clocks.advance(str(payer.test_clock), {"frozen_time": at})
    _until_ready(client, payer)
    change: Any = {
        "items": [{"id": item.id, "quantity": 5}],
        "proration_behavior": "always_invoice",
        "proration_date": at,
    }
    preview = client.v1.invoices.create_preview(
        {"subscription": subscription.id, "subscription_details": change}
    )
    change["expand"] = ["latest_invoice"]
    changed = client.v1.subscriptions.update(subscription.id, change)
    assert isinstance(changed.latest_invoice, stripe.Invoice)
    assert changed.latest_invoice.amount_paid == preview.amount_due


def test_a_subscription_set_to_end_can_be_kept(
    client: StripeClient, payer: stripe.Customer, price: stripe.Price
) -> None:
    subscription = _subscribe(client, payer, price)
    ending = client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert ending.cancel_at == ending.items.data[0].current_period_end
    kept = client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
    assert (kept.cancel_at, kept.canceled_at, kept.status) == (None, None, "active")


def test_a_month_later_the_renewal_is_paid(
    client: StripeClient, payer: stripe.Customer, price: stripe.Price
) -> None:
    subscription = _subscribe(client, payer, price)
    end = subscription.items.data[0].current_period_end
    client.v1.test_helpers.test_clocks.advance(str(payer.test_clock), {"frozen_time": end + 2 * 3600})
    _until_ready(client, payer)
    newest = client.v1.invoices.list({"subscription": subscription.id}).data[0]
    assert (newest.status, newest.billing_reason, newest.total) == ("paid", "subscription_cycle", 6000)


def test_a_checkout_session_has_a_page_until_it_expires(client: StripeClient, price: stripe.Price) -> None:
    session = client.v1.checkout.sessions.create(
        {
            "mode": "subscription",
            "success_url": "https://example.com/{CHECKOUT_SESSION_ID}",
            "line_items": [{"price": price.id, "quantity": 3}],
        }
    )
    assert (session.status, session.payment_status, session.amount_total) == ("open", "unpaid", 9000)
    assert session.url is not None
    expired = client.v1.checkout.sessions.expire(session.id)
    assert (expired.status, expired.url) == ("expired", None)


def _until_ready(client: StripeClient, payer: stripe.Customer) -> None:
    """Ask until the clock has arrived; at Stripe that takes a while, each question being a request."""
    for _ in range(120):
        if client.v1.test_helpers.test_clocks.retrieve(str(payer.test_clock)).status == "ready":
            return
    raise AssertionError("the test clock did not become ready")
