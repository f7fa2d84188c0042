"""What the portal says a plan costs is what Stripe's invoice says, to the minor unit; the two share no arithmetic."""

from __future__ import annotations

from decimal import Decimal

import pytest
import stripe

from portal.customers.queries import customer_of
from portal.extensions import db
from portal.plans.catalog import Interval, current_catalog
from portal.plans.rates import price_model, recurring_cost
from portal.pricing.cost import cost
from portal.sync.catalog.want import product_id
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe

SEATS = [("starter", 1), ("pro", 1), ("pro", 37), ("enterprise", 5), ("enterprise", 6), ("enterprise", 51)]


@pytest.mark.parametrize("interval", ["month", "year"])
@pytest.mark.parametrize(("plan", "seats"), SEATS)
def test_the_first_invoice_is_the_price_on_the_page(
    cast: Cast,
    subscribe: Subscribe,
    stripe_client: stripe.StripeClient,
    plan: str,
    seats: int,
    interval: Interval,
) -> None:
    subscription = subscribe(cast.tenant, plan, interval, seats=seats)
    invoice = stripe_client.v1.invoices.list({"subscription": subscription.stripe_id}).data[0]
    expected = recurring_cost(current_catalog().plans[plan], interval, "usd", seats=seats)
    assert (invoice.subtotal, invoice.currency) == (expected.minor, expected.currency)


@pytest.mark.parametrize(
    ("meter", "used"),
    [
        ("api_calls", "0"),
        ("api_calls", "10000"),
        ("api_calls", "10013"),
        ("api_calls", "50001"),
        ("api_calls", "123456"),
        ("api_calls", "6663333"),
        ("api_calls", "6663334"),
        ("emails", "0"),
        ("emails", "50000"),
        ("emails", "50001"),
        ("emails", "250001"),
        ("storage_gb", "0.001"),
        ("storage_gb", "100"),
        ("storage_gb", "100.001"),
    ],
)
def test_usage_costs_on_the_next_invoice_what_the_portal_says(
    cast: Cast, subscribe: Subscribe, stripe_client: stripe.StripeClient, meter: str, used: str
) -> None:
    subscription = subscribe(cast.tenant, "enterprise", seats=5)
    customer = customer_of(cast.tenant.id)
    assert customer is not None
    catalog = current_catalog()
    plan = catalog.plans["enterprise"]
    component = plan.component(f"meter:{meter}")
    assert component is not None
    stripe_client.v1.billing.meter_events.create(
        {
            "event_name": catalog.meters[meter].event_name,
            "payload": {"stripe_customer_id": customer.stripe_id or "", "value": used},
        }
    )
    db.session.commit()
    preview = stripe_client.v1.invoices.create_preview({"subscription": subscription.stripe_id})
    product = product_id(plan, component)
    billed = sum(
        line.amount
        for line in preview.lines.data
        if line.pricing is not None
        and line.pricing.price_details is not None
        and line.pricing.price_details.product == product
    )
    assert billed == cost(price_model(component, "month", "usd"), Decimal(used)).amount.minor
