"""Customer Portal configurations and sessions: the API side."""

from __future__ import annotations

from typing import Any, cast

import pytest
import stripe
from stripe import StripeClient

FEATURES: Any = {
    "customer_update": {"enabled": True, "allowed_updates": ["email", "address"]},
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {
        "enabled": True,
        "cancellation_reason": {"enabled": True, "options": ["too_expensive", "other"]},
    },
    "subscription_pause": {"enabled": True, "duration": {"type": "indefinite"}},
}


@pytest.fixture
def customer(stripe_client: StripeClient) -> str:
    return stripe_client.v1.customers.create(
        {"email": "ada@example.com", "payment_method": "pm_card_visa"}
    ).id


@pytest.fixture
def subscription(stripe_client: StripeClient, customer: str) -> stripe.Subscription:
    price = stripe_client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 1000,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Pro"},
        }
    )
    method = stripe_client.v1.customers.payment_methods.list(customer).data[0].id
    return stripe_client.v1.subscriptions.create(
        {
            "customer": customer,
            "items": [{"price": price.id, "quantity": 2}],
            "default_payment_method": method,
        }
    )


def test_every_feature_is_present(stripe_client: StripeClient) -> None:
    made = stripe_client.v1.billing_portal.configurations.create(
        {"features": {"invoice_history": {"enabled": True}}}
    )
    assert made.features.invoice_history.enabled is True
    assert made.features.subscription_pause.enabled is False
    assert (made.active, made.is_default) == (True, False)


def test_an_update_touches_only_the_features_sent(stripe_client: StripeClient) -> None:
    made = stripe_client.v1.billing_portal.configurations.create(
        {"features": FEATURES, "name": "Standard", "business_profile": {"headline": "Hello"}}
    )
    changed = stripe_client.v1.billing_portal.configurations.update(
        made.id,
        {
            "features": {"subscription_cancel": {"mode": "immediately"}},
            "default_return_url": "https://example.com",
        },
    )
    assert changed.features.subscription_cancel.mode == "immediately"
    assert changed.features.subscription_cancel.cancellation_reason.options == ["too_expensive", "other"]
    assert changed.features.customer_update.allowed_updates == ["email", "address"]
    assert (changed.name, changed.default_return_url) == ("Standard", "https://example.com")
    assert stripe_client.v1.billing_portal.configurations.retrieve(made.id) == changed
    assert [c.id for c in stripe_client.v1.billing_portal.configurations.list({"active": True}).data] == [
        made.id
    ]


def test_products_customers_may_switch_to_are_checked(stripe_client: StripeClient) -> None:
    price = stripe_client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 1,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Pro"},
        }
    )
    other = stripe_client.v1.products.create({"name": "Other"}).id
    update: Any = {"enabled": True, "default_allowed_updates": ["price", "quantity"]}
    params: Any = {"features": {"subscription_update": update}}
    for products in (
        [],
        [{"product": other, "prices": [price.id]}],
        [{"product": "prod_none", "prices": []}],
    ):
        update["products"] = products
        with pytest.raises(stripe.InvalidRequestError):
            stripe_client.v1.billing_portal.configurations.create(params)
    update["products"] = [{"product": str(price.product), "prices": [price.id]}]
    made = stripe_client.v1.billing_portal.configurations.create(params)
    assert made.features.subscription_update.products is not None
    assert made.features.subscription_update.products[0].adjustable_quantity.minimum == 1


@pytest.mark.parametrize(
    "features",
    [
        {"customer_update": {"enabled": True}},
        {"subscription_cancel": {"enabled": True, "proration_behavior": "always_invoice"}},
        {"subscription_update": {"enabled": True}},
        {"subscription_cancel": {"enabled": True, "mode": "later"}},
        {"cancel": {"enabled": True}},
        {"payment_method_update": {"enabled": True, "payment_method_configuration": "pmc_none"}},
        {"subscription_pause": {"enabled": True, "duration": {"type": "interval_options"}}},
        {
            "subscription_pause": {
                "enabled": True,
                "duration": {
                    "type": "interval_options",
                    "interval_options": [{"interval": "year", "interval_count": 4}],
                },
            }
        },
    ],
)
def test_an_incomplete_feature_is_refused(stripe_client: StripeClient, features: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.billing_portal.configurations.create({"features": features})
    assert stripe_client.v1.billing_portal.configurations.list().data == []


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"default_return_url": "back"}, "default_return_url"),
        ({"business_profile": {"privacy_policy_url": "http://["}}, "business_profile[privacy_policy_url]"),
    ],
)
def test_addresses_of_a_configuration_are_full_ones(
    stripe_client: StripeClient, changes: Any, param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.billing_portal.configurations.create(cast("Any", {"features": FEATURES, **changes}))
    assert (refused.value.param, refused.value.code) == (param, "url_invalid")


def test_pauses_last_a_month_unless_the_merchant_says_otherwise(stripe_client: StripeClient) -> None:
    made = stripe_client.v1.billing_portal.configurations.create(
        {"features": {"subscription_pause": {"enabled": True}}}
    )
    (option,) = made.features.subscription_pause.duration.interval_options
    assert (option.interval, option.interval_count) == ("month", 1)


def test_a_session_has_an_address(stripe_client: StripeClient, customer: str) -> None:
    session = stripe_client.v1.billing_portal.sessions.create(
        {"customer": customer, "return_url": "https://portal.example.com/t/acme"}
    )
    assert session.url == f"http://127.0.0.1:12111/p/session/{session.id}"
    assert (session.return_url, session.flow) == ("https://portal.example.com/t/acme", None)


def test_without_a_configuration_the_default_one_is_used(stripe_client: StripeClient, customer: str) -> None:
    used = {
        str(stripe_client.v1.billing_portal.sessions.create({"customer": customer}).configuration)
        for _ in range(2)
    }
    (default,) = stripe_client.v1.billing_portal.configurations.list({"is_default": True}).data
    assert used == {default.id}
    with pytest.raises(stripe.InvalidRequestError, match="default configuration"):
        stripe_client.v1.billing_portal.configurations.update(default.id, {"active": False})


def test_an_inactive_configuration_cannot_be_used(stripe_client: StripeClient, customer: str) -> None:
    made = stripe_client.v1.billing_portal.configurations.create({"features": FEATURES})
    stripe_client.v1.billing_portal.configurations.update(made.id, {"active": False})
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        stripe_client.v1.billing_portal.sessions.create({"customer": customer, "configuration": made.id})


@pytest.mark.parametrize("kind", ["payment_method_update", "customer_update"])
def test_a_session_can_lead_straight_to_a_step(stripe_client: StripeClient, customer: str, kind: Any) -> None:
    configuration = stripe_client.v1.billing_portal.configurations.create({"features": FEATURES})
    session = stripe_client.v1.billing_portal.sessions.create(
        {
            "customer": customer,
            "configuration": configuration.id,
            "flow_data": {
                "type": kind,
                "after_completion": {
                    "type": "redirect",
                    "redirect": {"return_url": "https://example.com/done"},
                },
            },
        }
    )
    assert session.flow is not None
    assert session.flow.type == kind
    assert session.flow.after_completion.redirect is not None
    assert session.flow.after_completion.redirect.return_url == "https://example.com/done"


def test_subscription_steps_name_their_subscription(
    stripe_client: StripeClient, customer: str, subscription: stripe.Subscription
) -> None:
    configuration = stripe_client.v1.billing_portal.configurations.create({"features": FEATURES})
    coupon = stripe_client.v1.coupons.create({"percent_off": 10, "duration": "once"})
    session = stripe_client.v1.billing_portal.sessions.create(
        {
            "customer": customer,
            "configuration": configuration.id,
            "flow_data": {
                "type": "subscription_cancel",
                "subscription_cancel": {
                    "subscription": subscription.id,
                    "retention": {"type": "coupon_offer", "coupon_offer": {"coupon": coupon.id}},
                },
            },
        }
    )
    assert session.flow is not None
    assert session.flow.subscription_cancel is not None
    assert session.flow.subscription_cancel.subscription == subscription.id
    assert session.flow.after_completion.type == "portal_homepage"


def test_an_update_to_confirm_names_items_of_the_subscription(
    stripe_client: StripeClient, customer: str, subscription: stripe.Subscription
) -> None:
    (item,) = subscription.items.data
    update: Any = {
        "enabled": True,
        "default_allowed_updates": ["quantity"],
        "products": [{"product": str(item.price.product), "prices": [item.price.id]}],
    }
    configuration = stripe_client.v1.billing_portal.configurations.create(
        {"features": {"subscription_update": update}}
    )
    flow: Any = {
        "type": "subscription_update_confirm",
        "subscription_update_confirm": {
            "subscription": subscription.id,
            "items": [{"id": item.id, "quantity": 5}],
        },
    }
    base: Any = {"customer": customer, "configuration": configuration.id, "flow_data": flow}
    session = stripe_client.v1.billing_portal.sessions.create(base)
    assert session.flow is not None
    assert session.flow.subscription_update_confirm is not None
    assert session.flow.subscription_update_confirm.items[0].quantity == 5
    other = stripe_client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 1,
            "product": str(item.price.product),
            "recurring": {"interval": "day"},
        }
    )
    for change, text in (
        ({"items": [{"id": "si_none"}]}, "No such subscription item"),
        ({"items": [{"id": item.id}] * 2}, "Only one item"),
        ({"items": [{"id": item.id, "price": other.id}]}, "not among the products"),
        ({"items": [{"id": item.id, "quantity": -1}]}, "non-negative"),
        ({"discounts": [{"coupon": "none"}]}, "No such coupon"),
        ({"discounts": [{"promotion_code": "promo_none"}]}, "No such promotion code"),
    ):
        step = {**flow["subscription_update_confirm"], **change}
        wrong: Any = {**base, "flow_data": {**flow, "subscription_update_confirm": step}}
        with pytest.raises(stripe.InvalidRequestError, match=text):
            stripe_client.v1.billing_portal.sessions.create(wrong)


@pytest.mark.parametrize(
    "changes",
    [
        {"customer": None},
        {"customer": "cus_none"},
        {"configuration": "bpc_none"},
        {"return_url": "back"},
        {"after_expiration": {"type": "customer_login", "customer_login": {"expires_at": 1}}},
        {"flow_data": {"type": "subscription_cancel"}},
        {"flow_data": {"type": "subscription_update"}},
        {"flow_data": {"type": "subscription_cancel", "subscription_cancel": {"subscription": "sub_none"}}},
        {"flow_data": {"type": "payment_method_update", "after_completion": {"type": "redirect"}}},
    ],
)
def test_what_a_session_refuses(stripe_client: StripeClient, customer: str, changes: dict[str, Any]) -> None:
    params: Any = {"customer": customer}
    params |= changes
    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.billing_portal.sessions.create(params)


def test_nobody_elses_subscription_can_be_changed(
    stripe_client: StripeClient, subscription: stripe.Subscription
) -> None:
    stranger = stripe_client.v1.customers.create().id
    with pytest.raises(stripe.InvalidRequestError, match="does not belong to the customer"):
        stripe_client.v1.billing_portal.sessions.create(
            {
                "customer": stranger,
                "flow_data": {
                    "type": "subscription_cancel",
                    "subscription_cancel": {"subscription": subscription.id},
                },
            }
        )


def test_the_conditions_of_putting_a_change_off_can_be_unset(stripe_client: StripeClient) -> None:
    put_off: Any = {"conditions": [{"type": "decreasing_item_amount"}]}
    update: Any = {"enabled": False, "schedule_at_period_end": put_off}
    portal = stripe_client.v1.billing_portal.configurations
    made = portal.create({"features": {"subscription_update": update}})
    unset: Any = {"schedule_at_period_end": {"conditions": ""}}
    changed = portal.update(made.id, {"features": {"subscription_update": unset}})
    assert changed.features.subscription_update.schedule_at_period_end.conditions == []
