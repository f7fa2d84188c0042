"""Every pricing model, bought by the seat at the emulator: the portal's arithmetic and Stripe's invoice agree."""

from __future__ import annotations

import msgspec
import pytest
import stripe

from portal.customers.queries import customer_of
from portal.plans.catalog import Component, Plan, current_catalog
from portal.plans.rates import price_model, recurring_cost
from portal.pricing.cost import cost
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Push, Subscribe

TIERS = [
    {"up_to": 3, "unit_amount": "12.5", "flat_amount": 100},
    {"up_to": 10, "unit_amount": "7.33"},
    {"unit_amount": "3.000001", "flat_amount": 250},
]
MODELS: dict[str, dict[str, object]] = {
    "per unit": {"model": "per_unit", "amount": "33.335"},
    "per unit with some included": {"model": "per_unit", "amount": "1500", "included": 4},
    "package": {"model": "package", "amount": "500", "package_size": 4},
    "graduated": {"model": "graduated", "tiers": TIERS},
    "graduated with some included": {"model": "graduated", "tiers": TIERS, "included": 2},
    "volume": {"model": "volume", "tiers": TIERS},
    "per unit with a minimum and a cap": {
        "model": "per_unit",
        "amount": "33.335",
        "minimum_amount": 100,
        "cap_amount": 400,
    },
    "graduated with some included, a minimum and a cap": {
        "model": "graduated",
        "tiers": TIERS,
        "included": 2,
        "minimum_amount": 130,
        "cap_amount": 180,
    },
}
PRICE = ("amount", "tiers", "minimum_amount", "cap_amount")


def plan_with(model: dict[str, object]) -> Plan:
    price = {name: model[name] for name in PRICE if name in model}
    rest = {name: value for name, value in model.items() if name not in price}
    component = msgspec.convert(
        {"kind": "seat", **rest, "rates": {each: {"usd": price} for each in ("month", "year")}},
        Component,
        strict=False,
    )
    return Plan(name="Probe", key="probe", components=(component,))


@pytest.mark.parametrize("seats", [3, 4, 11, 997])
@pytest.mark.parametrize("name", MODELS)
def test_the_invoice_says_what_the_portal_says(
    cast: Cast,
    push: Push,
    subscribe: Subscribe,
    stripe_client: stripe.StripeClient,
    name: str,
    seats: int,
) -> None:
    plan = plan_with(MODELS[name])
    push(msgspec.structs.replace(current_catalog(), plans={"probe": plan}))
    subscription = subscribe(cast.tenant, "probe", seats=seats)
    invoice = stripe_client.v1.invoices.list({"subscription": subscription.stripe_id}).data[0]
    assert invoice.subtotal == recurring_cost(plan, "month", "usd", seats=seats).minor


@pytest.mark.parametrize(("used", "billed"), [("0", 500), ("99", 500), ("101", 505), ("10000", 2_000)])
def test_a_minimum_and_a_cap_of_a_meter_are_billed_also_where_nothing_was_used(
    cast: Cast,
    push: Push,
    subscribe: Subscribe,
    stripe_client: stripe.StripeClient,
    used: str,
    billed: int,
) -> None:
    catalog = current_catalog()
    rate = {"amount": "5", "minimum_amount": 500, "cap_amount": 2_000}
    calls = {"kind": "meter", "meter": "api_calls", "model": "per_unit", "rates": {"month": {"usd": rate}}}
    plan = Plan(name="Probe", key="probe", components=(msgspec.convert(calls, Component, strict=False),))
    push(msgspec.structs.replace(catalog, plans={"probe": plan}))
    subscription = subscribe(cast.tenant, "probe")
    customer = customer_of(cast.tenant.id)
    assert customer is not None
    assert cost(price_model(plan.components[0], "month", "usd"), int(used)).amount.minor == billed
    stripe_client.v1.billing.meter_events.create(
        {
            "event_name": catalog.meters["api_calls"].event_name,
            "payload": {"stripe_customer_id": customer.stripe_id or "", "value": used},
        }
    )
    preview = stripe_client.v1.invoices.create_preview({"subscription": subscription.stripe_id})
    assert preview.subtotal == billed
