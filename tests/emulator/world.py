"""An account that has one of everything, for tests that ask every call the wrong way."""

from __future__ import annotations

from typing import Any

from stripe import StripeClient

from portal.emulator.app import Emulator
from tests.emulator.raw import Raw
from tests.fixtures.emulator import client_of

NOW = 1_800_000_000


class World:
    """The account, and by the names its objects have in paths, one id of each."""

    def __init__(self) -> None:
        self.began = self.now = NOW
        self.emulator = Emulator(deliver=lambda *_: 200, wall_clock=lambda: float(self.now))
        self.raw = Raw(self.emulator)
        self.ids: dict[str, str] = {}
        client = client_of(self.emulator)
        self._catalogue(client)
        self._customers(client)
        self._sold(client)
        self._rest(client)

    def _catalogue(self, client: StripeClient) -> None:
        v1, ids = client.v1, self.ids
        ids["products"] = v1.products.create({"name": "Pro"}).id
        ids["prices"] = v1.prices.create(
            {
                "currency": "usd",
                "unit_amount": 2000,
                "product": ids["products"],
                "recurring": {"interval": "month"},
            }
        ).id
        ids["one_time"] = v1.prices.create(
            {"currency": "usd", "unit_amount": 500, "product": ids["products"]}
        ).id
        ids["coupons"] = v1.coupons.create({"percent_off": 10, "duration": "forever"}).id
        promotion: Any = {"type": "coupon", "coupon": ids["coupons"]}
        ids["promotion_codes"] = v1.promotion_codes.create({"promotion": promotion}).id
        ids["tax_rates"] = v1.tax_rates.create(
            {"display_name": "VAT", "percentage": 19, "inclusive": False}
        ).id
        meter: Any = {
            "display_name": "Calls",
            "event_name": "calls",
            "default_aggregation": {"formula": "sum"},
        }
        ids["meters"] = v1.billing.meters.create(meter).id
        ids["features"] = v1.entitlements.features.create({"name": "Export", "lookup_key": "export"}).id

    def _customers(self, client: StripeClient) -> None:
        v1, ids = client.v1, self.ids
        ids["customers"] = v1.customers.create(
            {
                "email": "ada@example.com",
                "payment_method": "pm_card_visa",
                "invoice_settings": {"default_payment_method": "pm_card_visa"},
            }
        ).id
        customer = ids["customers"]
        ids["deleted"] = v1.customers.create().id
        v1.customers.delete(ids["deleted"])
        ids["payment_methods"] = v1.payment_methods.list({"customer": customer}).data[0].id
        ids["tax_ids"] = v1.customers.tax_ids.create(customer, {"type": "eu_vat", "value": "DE123456789"}).id
        ids["balance_transactions"] = v1.customers.balance_transactions.create(
            customer, {"amount": -5, "currency": "usd"}
        ).id

    def _sold(self, client: StripeClient) -> None:
        v1, ids = client.v1, self.ids
        sub = v1.subscriptions.create({"customer": ids["customers"], "items": [{"price": ids["prices"]}]})
        ids["subscriptions"], ids["subscription_items"] = sub.id, sub["items"].data[0].id
        ids["paid"] = str(sub.latest_invoice)
        ids["invoices"] = v1.invoices.create({"customer": ids["customers"]}).id
        ids["invoiceitems"] = v1.invoice_items.create(
            {"customer": ids["customers"], "amount": 500, "currency": "usd"}
        ).id
        ids["credit_notes"] = v1.credit_notes.create({"invoice": ids["paid"], "amount": 100}).id
        intent: Any = {"amount": 1000, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
        paid = v1.payment_intents.create(intent)
        ids["charges"] = str(paid.latest_charge)
        ids["payment_intents"] = v1.payment_intents.create({"amount": 1000, "currency": "usd"}).id
        ids["refunds"] = v1.refunds.create({"charge": ids["charges"], "amount": 10}).id
        ids["setup_intents"] = v1.setup_intents.create().id
        ids["subscription_schedules"] = v1.subscription_schedules.create({"from_subscription": sub.id}).id

    def _rest(self, client: StripeClient) -> None:
        v1, ids = client.v1, self.ids
        ids["configurations"] = v1.billing_portal.configurations.create(
            {"features": {"invoice_history": {"enabled": True}}}
        ).id
        ids["webhook_endpoints"] = v1.webhook_endpoints.create(
            {"url": "https://example.com", "enabled_events": ["plan.created"]}
        ).id
        ids["test_clocks"] = v1.test_helpers.test_clocks.create({"frozen_time": NOW}).id
        line: Any = {"price": ids["prices"], "quantity": 1}
        ids["sessions"] = v1.checkout.sessions.create(
            {"mode": "subscription", "success_url": "https://example.com", "line_items": [line]}
        ).id
        ids["events"] = v1.events.list({"limit": 1}).data[0].id
