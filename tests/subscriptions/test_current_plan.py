"""Which plan a tenant is on, and what it is made of."""

from __future__ import annotations

import stripe
from flask.testing import FlaskClient

from portal.customers.queries import customer_of
from portal.extensions import db
from portal.kit.money import Money
from portal.subscriptions.current import current_plan, payer_of
from portal.subscriptions.queries import plan_of
from portal.sync.customer import sync_customer
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe


def test_a_tenant_that_never_bought_anything_is_on_the_free_plan(cast: Cast) -> None:
    current = current_plan(cast.tenant.id)
    assert (current.plan.key, current.subscription, current.recurring) == ("free", None, None)


def test_a_plan_by_the_seat_costs_its_seats(cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "pro", seats=4)
    assert plan_of(cast.tenant.id).key == "pro"
    assert current_plan(cast.tenant.id).recurring == Money(4 * 1_500, "usd")


def test_a_hybrid_plan_is_its_base_fee_its_seats_and_its_meters(cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "enterprise", "year", seats=8)
    current = current_plan(cast.tenant.id)
    assert [each.item.component for each in current.licensed] == ["base", "seat"]
    assert [each.item.component for each in current.metered] == [
        "meter:api_calls",
        "meter:storage_gb",
        "meter:emails",
    ]
    assert current.recurring == Money(199_000 + 3 * 12_000, "usd")


def test_the_subscription_of_another_tenant_is_not_seen(cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.other_tenant, "pro")
    assert plan_of(cast.tenant.id).key == "free"


def test_the_payer_shows_the_card_that_is_charged(cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "starter")
    method = payer_of(cast.tenant.id).payment_method
    assert method is not None
    assert (method.brand, method.last4) == ("visa", "4242")


def test_a_subscription_made_elsewhere_is_shown_without_claiming_to_know_it(
    owner: FlaskClient, cast: Cast, stripe_client: stripe.StripeClient
) -> None:
    customer = customer_of(cast.tenant.id)
    assert customer is not None
    db.session.commit()
    stripe_id = customer.stripe_id or ""
    method = stripe_client.v1.payment_methods.attach("pm_card_visa", {"customer": stripe_id})
    product = stripe_client.v1.products.create({"name": "Made by hand"})
    price = stripe_client.v1.prices.create(
        {"product": product.id, "currency": "usd", "unit_amount": 4_200, "recurring": {"interval": "month"}}
    )
    stripe_client.v1.subscriptions.create(
        {"customer": stripe_id, "items": [{"price": price.id}], "default_payment_method": method.id}
    )
    sync_customer(customer.id, trigger="operator")
    current = current_plan(cast.tenant.id)
    assert (current.name, current.is_ours, current.recurring) == ("Custom plan", False, None)
    assert "Custom plan" in owner.get("/t/northwind-labs/overview").text
    assert "Your plan</span>" not in owner.get("/t/northwind-labs/plans").text
