"""Every supported call is reached by the official SDK's own method for it, and answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from portal.emulator.app import Emulator
from portal.emulator.wire.routes import all_routes, match
from tests.emulator.account import DAY, Account
from tests.fixtures.emulator import BASE_URL, EmulatorHTTPClient

CARD = "pm_card_visa"
SHOP = "https://example.com/"
# No call of this version gives a customer a discount of their own.
ALWAYS_REFUSED = {("DELETE", "/v1/customers/{id}/discount")}


class Recorder(EmulatorHTTPClient):
    """Notes which calls were answered with success."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator)
        self.answered: set[tuple[str, str]] = set()

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **more: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        body, status, answered = super().request(method, url, headers, post_data, **more)
        found = match(method.upper(), url.removeprefix(BASE_URL).partition("?")[0])
        if found is not None and status == 200:
            self.answered.add((found[0].method, found[0].template))
        return body, status, answered


@pytest.fixture
def recorder(emulator: Emulator) -> Recorder:
    return Recorder(emulator)


@pytest.fixture
def account(emulator: Emulator, recorder: Recorder) -> Account:
    client = StripeClient("sk_test_tour", http_client=recorder, base_addresses={"api": BASE_URL})
    return Account(emulator, client)


def sell(account: Account) -> None:
    """Products, prices, features, coupons, codes and tax rates."""
    v1 = account.v1
    product = v1.products.create({"name": "Team"})
    v1.products.retrieve(product.id)
    v1.products.update(product.id, {"name": "Teams"})
    feature = v1.entitlements.features.create({"name": "Export", "lookup_key": "export"})
    v1.entitlements.features.retrieve(feature.id)
    v1.entitlements.features.update(feature.id, {"name": "Exports"})
    assert v1.entitlements.features.list().data
    carried = v1.products.features.create(product.id, {"entitlement_feature": feature.id})
    v1.products.features.retrieve(product.id, carried.id)
    assert v1.products.features.list(product.id).data
    v1.products.features.delete(product.id, carried.id)
    v1.products.delete(product.id)
    assert v1.products.list().data
    price = account.price()
    v1.prices.retrieve(price.id)
    v1.prices.update(price.id, {"nickname": "Monthly"})
    assert v1.prices.list().data
    coupon = v1.coupons.create({"percent_off": 10, "duration": "once"})
    v1.coupons.retrieve(coupon.id)
    v1.coupons.update(coupon.id, {"name": "Autumn"})
    assert v1.coupons.list().data
    code = v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}})
    v1.promotion_codes.retrieve(code.id)
    v1.promotion_codes.update(code.id, {"active": False})
    assert v1.promotion_codes.list().data
    v1.coupons.delete(coupon.id)
    rate = v1.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": False})
    v1.tax_rates.retrieve(rate.id)
    v1.tax_rates.update(rate.id, {"active": False})
    assert v1.tax_rates.list().data


def keep_customers(account: Account) -> None:
    """Customers, what belongs to them, and their cards."""
    v1 = account.v1
    customer = account.customer().id
    v1.customers.update(customer, {"name": "Ada"})
    assert v1.customers.list({"test_clock": account.clock}).data
    tax_id = v1.customers.tax_ids.create(customer, {"type": "eu_vat", "value": "DE123456789"})
    v1.customers.tax_ids.retrieve(customer, tax_id.id)
    assert v1.customers.tax_ids.list(customer).data
    v1.customers.tax_ids.delete(customer, tax_id.id)
    moved = v1.customers.balance_transactions.create(customer, {"amount": -500, "currency": "usd"})
    v1.customers.balance_transactions.retrieve(customer, moved.id)
    v1.customers.balance_transactions.update(customer, moved.id, {"description": "Sorry"})
    assert v1.customers.balance_transactions.list(customer).data
    (card,) = v1.customers.payment_methods.list(customer).data
    v1.customers.payment_methods.retrieve(customer, card.id)
    v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    v1.payment_methods.retrieve(card.id)
    v1.payment_methods.update(card.id, {"billing_details": {"name": "Ada"}})
    assert v1.payment_methods.list({"customer": customer}).data
    v1.payment_methods.detach(card.id)
    with pytest.raises(stripe.InvalidRequestError, match="No active discount"):
        v1.customers.delete_discount(customer)
    v1.customers.delete(customer)
    assert v1.customers.retrieve(customer).deleted


def pay(account: Account) -> None:
    """Setup and payment intents, charges and refunds."""
    v1 = account.v1
    customer = account.customer().id
    setups = v1.setup_intents
    setup = setups.create({"customer": customer})
    setups.update(setup.id, {"description": "Card"})
    setups.confirm(setup.id, {"payment_method": CARD, "return_url": SHOP})
    setups.cancel(setups.create().id)
    assert (
        setups.retrieve(setup.id).status == setups.list({"customer": customer}).data[-1].status == "succeeded"
    )
    payments = v1.payment_intents
    payment = payments.create({"amount": 1000, "currency": "usd", "customer": customer})
    payments.update(payment.id, {"description": "Set-up fee"})
    payments.confirm(payment.id, {"payment_method": CARD, "return_url": SHOP})
    payments.cancel(payments.create({"amount": 1000, "currency": "usd"}).id)
    held = payments.create(
        {
            "amount": 1000,
            "currency": "usd",
            "payment_method": CARD,
            "confirm": True,
            "capture_method": "manual",
        }
    )
    payments.capture(held.id)
    assert (
        payments.retrieve(payment.id).status
        == payments.list({"customer": customer}).data[-1].status
        == "succeeded"
    )
    (charge,) = v1.charges.list({"customer": customer}).data
    v1.charges.retrieve(charge.id)
    v1.charges.update(charge.id, {"description": "Set-up fee"})
    refund = v1.refunds.create({"charge": charge.id})
    v1.refunds.retrieve(refund.id)
    v1.refunds.update(refund.id, {"metadata": {"a": "1"}})
    assert v1.refunds.list({"charge": charge.id}).data


def send_to_hosted_pages(account: Account) -> None:
    """Checkout and the Customer Portal."""
    v1 = account.v1
    sessions = v1.checkout.sessions
    session = sessions.create(
        {
            "mode": "subscription",
            "success_url": SHOP,
            "line_items": [{"price": account.price().id, "quantity": 1}],
        }
    )
    sessions.retrieve(session.id)
    sessions.update(session.id, {"metadata": {"a": "1"}})
    assert sessions.line_items.list(session.id).data
    sessions.expire(session.id)
    assert sessions.list().data
    options = v1.billing.feedback_options
    option = options.create({"description": "We hired somebody"})
    options.retrieve(option.id)
    options.update(option.id, {"description": "We hired an accountant"})
    assert options.list().data
    options.deactivate(option.id)
    portal = v1.billing_portal
    configuration = portal.configurations.create({"features": {"invoice_history": {"enabled": True}}})
    portal.configurations.retrieve(configuration.id)
    portal.configurations.update(configuration.id, {"name": "Plain"})
    assert portal.configurations.list().data
    portal.sessions.create({"customer": account.customer().id, "configuration": configuration.id})


def subscribe(account: Account) -> None:
    """Subscriptions, their items, their schedules, and what they entitle to."""
    v1 = account.v1
    customer, price = account.customer().id, account.price()
    feature = v1.entitlements.features.create({"name": "Single sign-on", "lookup_key": "sso"})
    v1.products.features.create(account.product, {"entitlement_feature": feature.id})
    coupon = v1.coupons.create({"percent_off": 10, "duration": "forever"})
    sub = account.subscribe(
        customer, price, discounts=[{"coupon": coupon.id}], billing_mode={"type": "classic"}
    ).id
    (active,) = v1.entitlements.active_entitlements.list({"customer": customer}).data
    v1.entitlements.active_entitlements.retrieve(active.id)
    v1.subscriptions.migrate(sub, {"billing_mode": {"type": "flexible"}})
    v1.subscriptions.update(sub, {"metadata": {"a": "1"}})
    v1.subscriptions.delete_discount(sub)
    items = v1.subscription_items
    item = items.create({"subscription": sub, "price": account.price(500).id, "quantity": 2})
    items.retrieve(item.id)
    items.update(item.id, {"quantity": 3})
    assert len(items.list({"subscription": sub}).data) == 2
    items.delete(item.id)
    v1.subscriptions.pause(sub, {"invoicing_behavior": "invoice"})
    v1.subscriptions.resume(sub, {"payment_behavior": "resume_on_payment_success"})
    schedules = v1.subscription_schedules
    schedule = schedules.create({"from_subscription": sub})
    schedules.retrieve(schedule.id)
    schedules.update(schedule.id, {"end_behavior": "release"})
    schedules.release(schedule.id)
    schedules.cancel(schedules.create({"from_subscription": sub}).id)
    assert schedules.list({"customer": customer}).data
    assert v1.subscriptions.retrieve(sub).status == "canceled"
    v1.subscriptions.cancel(account.subscribe(customer, price).id)
    assert v1.subscriptions.list({"customer": customer, "status": "all"}).data


def invoice(account: Account) -> None:
    """Invoices by hand, their items and payments, and credit notes."""
    v1 = account.v1
    customer = account.customer().id

    def draft() -> str:
        made = v1.invoices.create(
            {"customer": customer, "collection_method": "send_invoice", "days_until_due": 7}
        )
        v1.invoice_items.create({"customer": customer, "invoice": made.id, "amount": 2000, "currency": "usd"})
        return str(made.id)

    def finalized() -> str:
        return str(v1.invoices.finalize_invoice(draft()).id)

    pending = v1.invoice_items.create({"customer": customer, "amount": 700, "currency": "usd"})
    v1.invoice_items.retrieve(pending.id)
    v1.invoice_items.update(pending.id, {"amount": 800})
    assert v1.invoice_items.list({"customer": customer}).data
    v1.invoice_items.delete(pending.id)
    sub = account.subscribe(customer, account.price())
    v1.invoices.create_preview({"subscription": sub.id})
    v1.invoices.update(draft(), {"description": "By hand"})
    line = v1.invoices.add_lines(draft(), {"lines": [{"amount": 300}]}).lines.data[-1]
    made = str(line.invoice)
    v1.invoices.line_items.update(made, line.id, {"amount": 400})
    v1.invoices.update_lines(made, {"lines": [{"id": line.id, "amount": 500}]})
    v1.invoices.remove_lines(made, {"lines": [{"id": line.id, "behavior": "delete"}]})
    v1.invoices.delete(draft())
    v1.invoices.void_invoice(finalized())
    v1.invoices.mark_uncollectible(finalized())
    paid = finalized()
    v1.invoices.send_invoice(paid)
    assert v1.invoices.pay(paid).status == v1.invoices.retrieve(paid).status == "paid"
    assert v1.invoices.line_items.list(paid).data
    assert v1.invoices.list({"customer": customer}).data
    (payment,) = v1.invoice_payments.list({"invoice": paid}).data
    v1.invoice_payments.retrieve(payment.id)
    v1.credit_notes.preview({"invoice": paid, "amount": 300})
    assert v1.credit_notes.preview_lines.list({"invoice": paid, "amount": 300}).data
    note = v1.credit_notes.create({"invoice": finalized(), "amount": 300})
    v1.credit_notes.retrieve(note.id)
    v1.credit_notes.update(note.id, {"memo": "Sorry"})
    assert v1.credit_notes.line_items.list(note.id).data
    assert v1.credit_notes.list({"customer": customer}).data
    v1.credit_notes.void_credit_note(note.id)


def meter(account: Account) -> None:
    """Meters, their events, and what these come to."""
    v1 = account.v1
    customer = account.customer().id
    account.metered("scans")
    (found,) = v1.billing.meters.list().data
    v1.billing.meters.retrieve(found.id)
    v1.billing.meters.update(found.id, {"display_name": "Scans"})
    account.use(customer, 5, "scans", identifier="scan-1", timestamp=account.now())
    v1.billing.meter_event_adjustments.create(
        {"event_name": "scans", "type": "cancel", "cancel": {"identifier": "scan-1"}}
    )
    v1.billing.meters.event_summaries.list(
        found.id,
        {
            "customer": customer,
            "start_time": account.now() // 60 * 60,
            "end_time": account.now() // 60 * 60 + 60,
        },
    )
    v1.billing.meters.deactivate(found.id)
    v1.billing.meters.reactivate(found.id)


def tell_and_advance(account: Account) -> None:
    """Events, webhook endpoints, test clocks, and the account itself."""
    v1 = account.v1
    endpoint = v1.webhook_endpoints.create({"url": SHOP, "enabled_events": ["*"]})
    v1.webhook_endpoints.retrieve(endpoint.id)
    v1.webhook_endpoints.update(endpoint.id, {"description": "Shop"})
    assert v1.webhook_endpoints.list().data
    account.price()
    event = v1.events.list().data[0]
    v1.events.retrieve(event.id)
    account.raw_request("post", f"/v1/events/{event.id}/retry", webhook_endpoint=endpoint.id)
    v1.webhook_endpoints.delete(endpoint.id)
    account.advance_to(account.now() + DAY)
    assert v1.test_helpers.test_clocks.list().data
    v1.test_helpers.test_clocks.delete(account.clock)
    v1.accounts.retrieve_current()


def search(account: Account) -> None:
    """What the other areas left behind, found again."""
    v1, recent = account.v1, "created>0"
    assert v1.charges.search({"query": recent}).data
    assert v1.customers.search({"query": recent}).data
    assert v1.invoices.search({"query": recent}).data
    assert v1.payment_intents.search({"query": recent}).data
    assert v1.prices.search({"query": "active:'true'"}).data
    assert v1.products.search({"query": "active:'true'"}).data
    assert v1.subscriptions.search({"query": recent}).data


def test_every_supported_call_answers_the_sdk(account: Account, recorder: Recorder) -> None:
    for area in (
        sell,
        keep_customers,
        pay,
        send_to_hosted_pages,
        subscribe,
        invoice,
        meter,
        search,
        tell_and_advance,
    ):
        area(account)
    supported = {(route.method, route.template) for route in all_routes()}
    assert supported - recorder.answered == ALWAYS_REFUSED
