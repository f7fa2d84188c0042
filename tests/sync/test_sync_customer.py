"""One sync brings everything Stripe knows about a customer into the mirrors."""

from __future__ import annotations

from portal.customers.queries import customer_of
from portal.sync.customer import sync_customer
from tests.fixtures.cast import Cast
from tests.fixtures.webhooks import Stripe


def test_the_row_becomes_what_stripe_says(cast: Cast, stripe_account: Stripe) -> None:
    customer = stripe_account.customer_of(cast.tenant)
    stripe_account.call(
        lambda v1: v1.customers.update(customer.stripe_id, {"name": "Renamed", "balance": -500})
    )

    outcome = sync_customer(customer.id, trigger="operator")

    row = customer_of(cast.tenant.id)
    assert row is not None
    assert (row.name, row.balance_amount) == ("Renamed", -500)
    assert outcome.outcome == "written"
    assert outcome.changes[f"customer {row.stripe_id}"]["name"] == ["Northwind Labs", "Renamed"]
