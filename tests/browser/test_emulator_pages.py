"""The emulator's pages in a real browser: each answers 200 with a silent console, axe finds nothing in light on a
screen and in dark on a phone, nothing is wider than the phone; and Checkout leads back to another origin, without
JavaScript."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import Open
from tests.fixtures.emulator import client_of
from tests.fixtures.server import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
FEATURES: Any = {
    "customer_update": {
        "enabled": True,
        "allowed_updates": ["email", "name", "phone", "address", "shipping", "tax_id"],
    },
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {
        "enabled": True,
        "cancellation_reason": {"enabled": True, "options": ["too_expensive", "other"]},
    },
    "subscription_pause": {"enabled": True},
}
# A page is named by what it is; the values come from the account below.
PAGES = (
    "{checkout}", "{order}", "{signin}", "{portal}", "{portal}/cards/add", "{portal}/details",
    "{portal}/subscriptions/{subscription}/cancel", "{portal}/subscriptions/{subscription}/pause",
    "{portal}/subscriptions/{subscription}/update",
    "{portal}/subscriptions/{subscription}/confirm?price={price}&quantity=3",
    "{invoice}", "/", "/console/customers/{customer}", "/console/clocks", "/console/events",
    "/console/events/{event}", "/console/webhooks", "/console/faults", "/console/settings", "/console/reset",
)  # fmt: skip


@pytest.fixture(scope="module")
def places(site: Site) -> dict[str, str]:
    """A customer beside the demo's whose card fails, with everything pages can show."""
    stripe = client_of(site.emulator).v1
    product = stripe.products.create({"name": "Tailwind", "unit_label": "seat"}).id
    price = stripe.prices.create(
        {"product": product, "currency": "usd", "unit_amount": 1500, "recurring": {"interval": "month"}}
    ).id
    customer = stripe.customers.create(
        {"name": "Wingtip Toys", "email": "wingtip@example.com", "balance": -250}
    ).id
    stripe.customers.tax_ids.create(customer, {"type": "eu_vat", "value": "DE123456789"})
    card = stripe.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer}).id
    stripe.payment_methods.attach("pm_card_mastercard", {"customer": customer})
    stripe.customers.update(customer, {"invoice_settings": {"default_payment_method": card}})
    items: Any = [{"price": price, "quantity": 2}]
    trial = stripe.subscriptions.create({"customer": customer, "items": items, "trial_period_days": 14})
    stripe.subscriptions.create({"customer": customer, "items": items})
    checkout = stripe.checkout.sessions.create(
        {
            "mode": "subscription",
            "line_items": [{"price": price, "quantity": 2, "adjustable_quantity": {"enabled": True}}],
            "success_url": f"{site.url}/sign-in",
            "cancel_url": site.url,
            "allow_promotion_codes": True,
            "billing_address_collection": "required",
            "tax_id_collection": {"enabled": True},
        }
    )
    size: Any = {"key": "size", "type": "dropdown", "label": {"type": "custom", "custom": "Size"}}
    ordered: Any = {
        "mode": "payment",
        "line_items": [
            {"price_data": {"currency": "usd", "unit_amount": 900, "product": product}, "quantity": 2}
        ],
        "success_url": site.url,
        "phone_number_collection": {"enabled": True},
        "consent_collection": {"terms_of_service": "required"},
        "custom_fields": [{**size, "dropdown": {"options": [{"label": "Large", "value": "l"}]}}],
        "custom_text": {"submit": {"message": "We send it tomorrow."}},
    }
    order = stripe.checkout.sessions.create(ordered)
    update = {
        "enabled": True,
        "default_allowed_updates": ["price", "quantity", "promotion_code"],
        "products": [{"product": product, "prices": [price]}],
    }
    configuration: Any = {
        "features": {**FEATURES, "subscription_update": update},
        "login_page": {"enabled": True},
    }
    configured = stripe.billing_portal.configurations.create(configuration)
    session = stripe.billing_portal.sessions.create(
        {"customer": customer, "configuration": configured.id, "return_url": site.url}
    )
    invoice = stripe.invoices.list({"customer": customer, "status": "open"}).data[0]
    return {
        "checkout": urlsplit(str(checkout.url)).path,
        "order": urlsplit(str(order.url)).path,
        "signin": urlsplit(str(configured.login_page.url)).path,
        "portal": urlsplit(session.url).path,
        "subscription": trial.id,
        "price": price,
        "invoice": urlsplit(str(invoice.hosted_invoice_url)).path,
        "customer": customer,
        "event": stripe.events.list({"type": "customer.created"}).data[0].id,
    }


@pytest.mark.parametrize("rule", PAGES)
def test_a_page_is_right_on_a_screen_and_on_a_phone_in_the_dark(
    rule: str, places: dict[str, str], site: Site, tab: Open
) -> None:
    address = site.emulator_url + rule.format(**places)
    opened = tab()
    answer = opened.page.goto(address)
    assert answer is not None
    assert answer.status == 200
    problems = opened.accessibility_problems()
    opened.turn_into_a_dark_phone()
    problems += opened.accessibility_problems()
    assert not problems, "\n" + "\n".join(problems)
    assert opened.overflow() <= 0


def test_checkout_leads_back_to_the_merchants_origin_without_javascript(
    places: dict[str, str], site: Site, window: Open
) -> None:
    page = window(javascript=False).page
    page.goto(site.emulator_url + places["checkout"])
    page.get_by_label("E-mail").fill("payer@example.com")
    page.get_by_label("Another test card").check()
    page.get_by_label("Test card number").fill("4000 0025 0000 3155")
    page.get_by_label("Street and number").fill("Main Street 1")
    page.get_by_label("Country").select_option("DE")
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_role("button", name="Complete authentication").click()
    expect(page).to_have_url(f"{site.url}/sign-in")
