"""What most tests of billing begin with: an account with something to sell, customers, a clock, and its events."""

from __future__ import annotations

from typing import Any

from stripe import Customer, Invoice, Price, StripeClient, Subscription

from portal.emulator.app import Emulator

DAY = 86_400
# 14:00 UTC on 10 January 2026: a month in which nothing needs clamping.
START = 1_768_053_600


class Account:
    """Shorthands for what most tests need before they can say what they are about."""

    def __init__(self, emulator: Emulator, client: StripeClient) -> None:
        self.emulator = emulator
        self.v1 = client.v1
        self.raw_request = client.raw_request
        self.clock = self.v1.test_helpers.test_clocks.create({"frozen_time": START}).id
        self.product = self.v1.products.create({"name": "Pro"}).id
        self._seen = 0

    def customer(self, card: str | None = "pm_card_visa", **params: Any) -> Customer:
        """A customer under the clock, with a default card unless None."""
        sent: Any = {"email": "ada@example.com", "test_clock": self.clock, **params}
        made = self.v1.customers.create(sent)
        if card is not None:
            self.use_card(made.id, card)
        self.news()
        return made

    def use_card(self, customer: str, card: str) -> str:
        """Give a customer a new default card."""
        method = self.v1.payment_methods.attach(card, {"customer": customer})
        self.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
        return method.id

    def price(self, amount: int | str = 2000, interval: str = "month", **params: Any) -> Price:
        """A recurring price; a string is an amount with fractions of a cent."""
        unit = {"unit_amount_decimal": amount} if isinstance(amount, str) else {"unit_amount": amount}
        recurring = {"interval": interval, **params.pop("recurring", {})}
        if "tiers" in params:
            unit = {}
        sent: Any = {
            "currency": "usd",
            "product": self.product,
            "recurring": recurring,
            **unit,
            **params,
        }
        made = self.v1.prices.create(sent)
        self.news()
        return made

    def metered(self, event_name: str = "calls", formula: str = "sum", **params: Any) -> Price:
        """A metered price with a meter of its own; one cent per unit unless the parameters say otherwise."""
        meter = self.v1.billing.meters.create(
            {
                "display_name": event_name,
                "event_name": event_name,
                "default_aggregation": {"formula": formula},
            }
        )
        return self.price(
            params.pop("amount", 1), recurring={"usage_type": "metered", "meter": meter.id}, **params
        )

    def use(self, customer: str, value: int | str, event_name: str = "calls", **params: Any) -> None:
        """Report usage now, or at `timestamp`."""
        payload = {"stripe_customer_id": customer, "value": str(value)}
        sent: Any = {"event_name": event_name, "payload": payload, **params}
        self.v1.billing.meter_events.create(sent)

    def subscribe(self, customer: str, *items: Any, **params: Any) -> Subscription:
        """A subscription to prices, or to {price, quantity}."""
        entries = [item if isinstance(item, dict) else {"price": item.id} for item in items]
        sent: Any = {"customer": customer, "items": entries, **params}
        return self.v1.subscriptions.create(sent)

    def now(self) -> int:
        """The time of the clock."""
        return self.v1.test_helpers.test_clocks.retrieve(self.clock).frozen_time

    def advance_to(self, at: int) -> None:
        """Advance the clock to an instant."""
        self.v1.test_helpers.test_clocks.advance(self.clock, {"frozen_time": at})

    def advance(self, days: float) -> None:
        """Advance the clock by days."""
        self.advance_to(self.now() + int(days * DAY))

    def subscription(self, subscription: str) -> Subscription:
        """A subscription as it is now."""
        return self.v1.subscriptions.retrieve(subscription)

    def invoices(self, subscription: str) -> list[Invoice]:
        """A subscription's invoices, oldest first."""
        return list(self.v1.invoices.list({"subscription": subscription, "limit": 100}).data)[::-1]

    def news(self) -> list[str]:
        """The types of the events since the last time this was asked, in order."""
        with self.emulator.store.transaction(write=False) as tx:
            types = [str(event["type"]) for event in tx.all("event")]
        fresh, self._seen = types[self._seen :], len(types)
        return fresh

    def last_event(self, event_type: str) -> dict[str, Any]:
        """The newest event of a type, as it was delivered."""
        with self.emulator.store.transaction(write=False) as tx:
            return [event for event in tx.all("event") if event["type"] == event_type][-1]
