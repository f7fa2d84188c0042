"""Checkout sessions: the API side."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe import Customer, StripeClient

from portal.emulator.app import Emulator
from tests.emulator.conftest import Receiver, WallClock
from tests.fixtures.emulator import client_of

SUCCESS = "https://portal.example.com/back?session={CHECKOUT_SESSION_ID}"


@pytest.fixture
def price(stripe_client: StripeClient) -> str:
    product = stripe_client.v1.products.create({"name": "Pro"})
    return stripe_client.v1.prices.create(
        {"currency": "usd", "unit_amount": 1500, "product": product.id, "recurring": {"interval": "month"}}
    ).id


def _subscribe(price: str, quantity: int = 3, **more: Any) -> Any:
    items = [{"price": price, "quantity": quantity}]
    return {"mode": "subscription", "success_url": SUCCESS, "line_items": items, **more}


def test_a_session_has_a_page_and_its_amounts(stripe_client: StripeClient, price: str) -> None:
    customer = stripe_client.v1.customers.create({"email": "ada@example.com"})
    session = stripe_client.v1.checkout.sessions.create(
        _subscribe(
            price,
            customer=customer.id,
            client_reference_id="t-1",
            metadata={"intent": "9"},
            expand=["line_items", "customer"],
        )
    )
    assert session.url == f"http://127.0.0.1:12111/c/pay/{session.id}"
    assert (session.status, session.payment_status, session.amount_total) == ("open", "unpaid", 4500)
    assert isinstance(session.customer, Customer)
    assert session.line_items is not None
    assert [(item.description, item.quantity, item.amount_total) for item in session.line_items.data] == [
        ("Pro", 3, 4500)
    ]
    assert session.customer_details is not None
    assert session.customer_details.email == "ada@example.com"


def test_only_the_metadata_of_a_session_with_a_hosted_page_is_updated(
    stripe_client: StripeClient, price: str
) -> None:
    session = stripe_client.v1.checkout.sessions.create(_subscribe(price))
    with pytest.raises(stripe.InvalidRequestError, match="when `ui_mode` is") as refused:
        stripe_client.v1.checkout.sessions.update(session.id, {"line_items": [{"quantity": 2}]})
    assert refused.value.param == "line_items"


def test_a_session_can_be_retrieved_listed_and_annotated(stripe_client: StripeClient, price: str) -> None:
    made = stripe_client.v1.checkout.sessions.create(_subscribe(price, customer_email="a@example.com"))
    stripe_client.v1.checkout.sessions.update(made.id, {"metadata": {"a": "1"}})
    found = stripe_client.v1.checkout.sessions.retrieve(made.id)
    assert found.metadata is not None
    assert found.metadata["a"] == "1"
    assert [s.id for s in stripe_client.v1.checkout.sessions.list({"status": "open"}).data] == [made.id]
    assert stripe_client.v1.checkout.sessions.list({"status": "complete"}).data == []
    assert stripe_client.v1.checkout.sessions.line_items.list(made.id).data[0].price is not None


def test_a_discount_comes_off(stripe_client: StripeClient, price: str) -> None:
    coupon = stripe_client.v1.coupons.create({"percent_off": 20, "duration": "once"})
    code = stripe_client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}})
    session = stripe_client.v1.checkout.sessions.create(
        _subscribe(price, discounts=[{"promotion_code": code.id}])
    )
    assert (session.amount_subtotal, session.amount_total) == (4500, 3600)
    assert session.total_details is not None
    assert session.total_details.amount_discount == 900


def test_tax_is_added_from_rates(stripe_client: StripeClient, price: str) -> None:
    rate = stripe_client.v1.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": False})
    session = stripe_client.v1.checkout.sessions.create(
        _subscribe(price, subscription_data={"default_tax_rates": [rate.id]})
    )
    assert session.total_details is not None
    assert (session.amount_total, session.total_details.amount_tax) == (5400, 900)


def test_automatic_tax_follows_the_country(stripe_client: StripeClient, price: str) -> None:
    customer = stripe_client.v1.customers.create({"address": {"country": "DE"}})
    session = stripe_client.v1.checkout.sessions.create(
        _subscribe(price, customer=customer.id, automatic_tax={"enabled": True})
    )
    assert session.amount_total == 4500 + 855
    assert session.automatic_tax.status == "complete"


def test_nothing_is_due_today_under_a_trial(stripe_client: StripeClient, price: str) -> None:
    session = stripe_client.v1.checkout.sessions.create(
        _subscribe(price, subscription_data={"trial_period_days": 14})
    )
    assert session.amount_total == 0


def test_a_setup_session_has_no_amounts(stripe_client: StripeClient) -> None:
    session = stripe_client.v1.checkout.sessions.create(
        {
            "mode": "setup",
            "currency": "usd",
            "success_url": SUCCESS,
            "setup_intent_data": {"description": "card"},
        }
    )
    assert (session.amount_total, session.payment_status) == (None, "no_payment_required")


def test_a_price_can_be_described_in_place(stripe_client: StripeClient) -> None:
    session = stripe_client.v1.checkout.sessions.create(
        {
            "mode": "subscription",
            "success_url": SUCCESS,
            "line_items": [
                {
                    "quantity": 2,
                    "price_data": {
                        "currency": "eur",
                        "unit_amount": 700,
                        "recurring": {"interval": "year"},
                        "product_data": {"name": "Ad hoc"},
                    },
                }
            ],
        }
    )
    assert (session.currency, session.amount_total) == ("eur", 1400)


def test_an_expired_session_has_no_page_and_is_announced(stripe_client: StripeClient, price: str) -> None:
    session = stripe_client.v1.checkout.sessions.create(_subscribe(price))
    expired = stripe_client.v1.checkout.sessions.expire(session.id)
    assert (expired.status, expired.url) == ("expired", None)
    assert len(stripe_client.v1.events.list({"type": "checkout.session.expired"}).data) == 1
    with pytest.raises(stripe.InvalidRequestError, match="status of expired"):
        stripe_client.v1.checkout.sessions.expire(session.id)


def test_a_session_expires_by_itself(receiver: Receiver) -> None:
    clock = WallClock()
    client = client_of(Emulator(deliver=receiver, wall_clock=clock))
    product = client.v1.products.create({"name": "Pro"})
    price = client.v1.prices.create(
        {"currency": "usd", "unit_amount": 1, "product": product.id, "recurring": {"interval": "month"}}
    )
    session = client.v1.checkout.sessions.create(_subscribe(price.id, expires_at=int(clock.now) + 1800))
    clock.now += 1801
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"mode": None}, "mode"),
        ({"mode": "payment"}, "line_items[0][price]"),
        ({"success_url": None}, "success_url"),
        ({"success_url": "/back"}, "success_url"),
        ({"cancel_url": "ftp://example.com"}, "cancel_url"),
        ({"ui_mode": "embedded_page"}, "ui_mode"),
        ({"line_items": None}, "line_items"),
        ({"line_items": [{"quantity": 1}]}, "line_items[0][price]"),
        ({"line_items": [{"price": "price_none", "quantity": 1}]}, "line_items[0][price]"),
        ({"customer": "cus_none"}, "customer"),
        ({"customer_update": {"name": "auto"}}, "customer_update"),
        ({"expires_at": 1}, "expires_at"),
        ({"allow_promotion_codes": True, "discounts": [{"coupon": "x"}]}, "allow_promotion_codes"),
        ({"discounts": [{"coupon": "x"}]}, "discounts[0][coupon]"),
        ({"discounts": [{"coupon": "x"}, {"coupon": "y"}]}, "discounts"),
        ({"setup_intent_data": {"description": "x"}}, "setup_intent_data"),
        ({"subscription_data": {"trial_period_days": 0}}, "subscription_data[trial_period_days]"),
        ({"subscription_data": {"trial_end": 1}}, "subscription_data[trial_end]"),
        ({"subscription_data": {"on_behalf_of": "acct_1"}}, "subscription_data[on_behalf_of]"),
        (
            {"subscription_data": {"invoice_settings": {"account_tax_ids": ["txi_1"]}}},
            "subscription_data[invoice_settings][account_tax_ids]",
        ),
        ({"subscription_data": {"default_tax_rates": ["txr_none"]}}, "subscription_data[default_tax_rates][0]"),
        ({"subscription_data": {"billing_cycle_anchor": 1}}, "subscription_data[billing_cycle_anchor]"),
        ({"line_items": "twice"}, "line_items"),
        ({"custom_text": {"shipping_address": {"message": "x"}}}, "custom_text[shipping_address]"),
        ({"saved_payment_method_options": {"payment_method_remove": "enabled"}},
         "saved_payment_method_options[payment_method_remove]"),
        ({"optional_items": [{"price": "price_x", "quantity": 1}]}, "optional_items"),
    ],
)  # fmt: skip
def test_what_checkout_refuses(
    stripe_client: StripeClient, price: str, changes: dict[str, Any], param: str
) -> None:
    params = _subscribe(price)
    params |= {name: params[name] * 2 if value == "twice" else value for name, value in changes.items()}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.checkout.sessions.create(params)
    assert refused.value.param == param
    assert stripe_client.v1.checkout.sessions.list().data == []


def test_line_items_are_checked(stripe_client: StripeClient, price: str) -> None:
    archived = stripe_client.v1.prices.create(
        {"currency": "usd", "unit_amount": 1, "product_data": {"name": "Old"}, "active": False}
    )
    once = stripe_client.v1.prices.create(
        {"currency": "usd", "unit_amount": 1, "product_data": {"name": "Once"}}
    )
    euro = stripe_client.v1.prices.create(
        {
            "currency": "eur",
            "unit_amount": 1,
            "product_data": {"name": "Euro"},
            "recurring": {"interval": "month"},
        }
    )
    for items, text in (
        ([{"price": archived.id, "quantity": 1}], "inactive"),
        ([{"price": once.id, "quantity": 1}], "recurring price"),
        ([{"price": price, "quantity": 0}], "greater than or equal to 1"),
        ([{"price": price}], "quantity"),
        ([{"price": price, "quantity": 1}, {"price": euro.id, "quantity": 1}], "expected currency"),
    ):
        params = _subscribe(price)
        params["line_items"] = items
        with pytest.raises(stripe.InvalidRequestError, match=text):
            stripe_client.v1.checkout.sessions.create(params)


def test_collecting_tax_ids_of_a_known_customer_needs_leave_to_rename_it(
    stripe_client: StripeClient, price: str
) -> None:
    customer = stripe_client.v1.customers.create()
    with pytest.raises(stripe.InvalidRequestError, match="updating business name"):
        stripe_client.v1.checkout.sessions.create(
            _subscribe(price, customer=customer.id, tax_id_collection={"enabled": True})
        )


def test_metered_usage_has_no_quantity_and_costs_nothing_today(
    stripe_client: StripeClient, price: str
) -> None:
    meter = stripe_client.v1.billing.meters.create(
        {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    )
    calls = stripe_client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 2,
            "recurring": {"interval": "month", "usage_type": "metered", "meter": meter.id},
            "product_data": {"name": "Calls"},
        }
    )
    params = _subscribe(price)
    params["line_items"].append({"price": calls.id})
    assert stripe_client.v1.checkout.sessions.create(params).amount_total == 4500
    params["line_items"][1]["quantity"] = 1
    with pytest.raises(stripe.InvalidRequestError, match="usage_type is `metered`"):
        stripe_client.v1.checkout.sessions.create(params)


def test_a_quantity_can_be_left_to_the_payer(stripe_client: StripeClient, price: str) -> None:
    params = _subscribe(price)
    params["line_items"][0]["adjustable_quantity"] = {"enabled": True, "minimum": 2, "maximum": 9}
    params["expand"] = ["line_items"]
    session = stripe_client.v1.checkout.sessions.create(params)
    assert session.line_items is not None
    adjustable = session.line_items.data[0].adjustable_quantity
    assert adjustable is not None
    assert (adjustable.enabled, adjustable.minimum, adjustable.maximum) == (True, 2, 9)
    params["line_items"][0]["adjustable_quantity"] = {"enabled": True, "minimum": 9, "maximum": 2}
    with pytest.raises(stripe.InvalidRequestError, match="maximum must be at least"):
        stripe_client.v1.checkout.sessions.create(params)


def test_an_expired_session_can_be_recovered_by_a_link(stripe_client: StripeClient, price: str) -> None:
    params = _subscribe(
        price, after_expiration={"recovery": {"enabled": True, "allow_promotion_codes": True}}
    )
    session = stripe_client.v1.checkout.sessions.create(params)
    expired = stripe_client.v1.checkout.sessions.expire(session.id)
    assert expired.after_expiration is not None
    assert expired.after_expiration.recovery is not None
    assert expired.after_expiration.recovery.url is not None


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ({"quantity": 1, "price": "p", "price_data": {"currency": "usd"}}, "line_items[0][price]"),
        (
            {"quantity": 1, "price_data": {"currency": "usd", "unit_amount": 1}},
            "line_items[0][price_data][product]",
        ),
        ({"quantity": 1, "price_data": {"unit_amount": 1}}, "line_items[0][price_data][currency]"),
    ],
)
def test_a_price_in_place_must_be_whole(stripe_client: StripeClient, item: Any, param: str) -> None:
    params: Any = {"mode": "subscription", "success_url": SUCCESS, "line_items": [item]}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.checkout.sessions.create(params)
    assert refused.value.param == param
