"""A tenant's life with one plan, told by what its owner does on the portal's pages while the test clock runs; and what
every step of it must leave true. Amounts are those of the portal's own price arithmetic, held against Stripe's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient

from portal.emulator.billing.periods import Cadence, after
from portal.extensions import db
from portal.kit.clock import from_unix, to_unix
from portal.kit.rounding import round_half_away
from portal.plans.catalog import Interval, current_catalog
from portal.plans.prices import prices_on_sale
from portal.plans.rates import price_model, quantity_of, recurring_cost
from portal.pricing.cost import cost
from portal.subscriptions.models import LIVE, Quote, Subscription
from portal.subscriptions.queries import current_subscription
from portal.sync.usage import report_tenant
from portal.usage.ingest import ingest
from tests.fixtures.catalog import PayCheckout
from tests.fixtures.time import Timed
from tests.fixtures.usage import batch, event

SITE = "/t/adventure"
AFTER_THE_DRAFT = timedelta(hours=2)


@dataclass
class Story:
    """One tenant, its owner's browser, and what it should have been charged until now."""

    payer: FlaskClient
    timed: Timed
    pay_checkout: PayCheckout
    interval: Interval
    used: int = 0
    expected: list[int] = field(default_factory=list)

    @property
    def v1(self) -> Any:
        """Stripe, as the tenant's bank and Stripe's own pages use it."""
        return self.timed.client.v1

    def now_on(self) -> Subscription:
        """The subscription as the portal shows it."""
        db.session.expire_all()
        found = current_subscription(self.timed.tenant.id)
        assert found is not None
        return found

    def ended(self) -> Subscription:
        """The subscription that ended last."""
        db.session.expire_all()
        by_end = sa.select(Subscription).order_by(Subscription.ended_at.desc()).limit(1)
        return db.session.scalars(by_end).one()

    def invoices(self) -> list[stripe.Invoice]:
        """Every invoice of the tenant, oldest first."""
        found = self.v1.invoices.list({"customer": self.timed.stripe_id, "limit": 100})
        return list(found.auto_paging_iter())[::-1]

    def live(self) -> list[stripe.Subscription]:
        """The subscriptions at Stripe that are being paid for."""
        found = self.v1.subscriptions.list({"customer": self.timed.stripe_id, "status": "all"}).data
        return [each for each in found if each.status in LIVE]

    def buy(self, plan: str, seats: int) -> None:
        """Start the plan on Stripe's page and come back."""
        choice = {"plan": plan, "interval": self.interval, "seats": seats}
        hosted = self.payer.post(f"{SITE}/checkout", data=choice).location
        self.pay_checkout(hosted)
        session = re.search(r"cs_\w+", hosted)
        assert session is not None
        self.payer.get(f"{SITE}/checkout/return?session_id={session.group()}")
        self.timed.sync()
        self.expected.append(self.recurring(plan, seats))
        self.is_on(plan, seats)

    def wait(self, days: float) -> None:
        """Let days pass."""
        self.pass_to(self.timed.now() + timedelta(days=days))

    def pass_to(self, at: datetime) -> None:
        """Let time pass until an instant, and let the portal see what happened."""
        self.timed.advance_to(at)
        self.timed.sync()

    def use(self, calls: int) -> None:
        """Report usage by the portal's own way in, and let it tell Stripe."""
        at, tenant_id = self.timed.now(), self.timed.tenant.id
        db.session.commit()  # usage is taken in on a connection of its own
        ingest(tenant_id, batch(event(f"use-{at.isoformat()}", calls, at=at)))
        report_tenant(tenant_id, include_open=True)
        db.session.commit()
        self.used += calls

    def renew(self, plan: str, seats: int, times: int = 1) -> None:
        """Let as many periods end and the next ones be charged, with what was used in the first."""
        ends = to_unix(self.now_on().current_period_end_at)
        last = after(ends, Cadence(self.interval, times - 1)) if times > 1 else ends
        self.pass_to(from_unix(last) + AFTER_THE_DRAFT)
        self.expected += [self.usage_cost(plan), *[self.recurring(plan, seats)] * times]
        self.is_on(plan, seats)

    def change_seats(self, seats: int) -> Quote:
        """Ask for another number of seats and confirm the price shown."""
        return self.confirm(self.payer.post(f"{SITE}/seats", data={"seats": str(seats)}).location)

    def change_plan(self, plan: str, seats: int) -> Quote:
        """Ask for another plan and confirm the price shown."""
        choice = {"plan": plan, "interval": self.interval, "seats": seats}
        return self.confirm(self.payer.post(f"{SITE}/plans", data=choice).location)

    def confirm(self, address: str) -> Quote:
        """Confirm a quote; what is charged for it, and nothing else, is what it says is due now."""
        before = len(self.invoices())
        self.payer.post(address)
        db.session.expire_all()
        quote = db.session.scalars(sa.select(Quote).order_by(Quote.id.desc()).limit(1)).one()
        charged = self.invoices()[before:]
        assert quote.charged_amount == quote.due_now_amount == sum(each.amount_due for each in charged)
        assert sum(each.total for each in charged) == quote.total_amount
        self.expected.append(quote.total_amount)
        return quote

    def use_card(self, card: str) -> None:
        """Change the card on Stripe's page."""
        method = self.v1.payment_methods.attach(card, {"customer": self.timed.stripe_id}).id
        self.v1.customers.update(
            self.timed.stripe_id, {"invoice_settings": {"default_payment_method": method}}
        )
        for each in self.live():
            self.v1.subscriptions.update(each.id, {"default_payment_method": method})

    def pay_what_is_open(self) -> None:
        """Pay the open invoices on Stripe's page."""
        for each in self.invoices():
            if each.status == "open":
                self.v1.invoices.pay(each.id)
        self.timed.sync()

    def recurring(self, plan: str, seats: int) -> int:
        """What a period of the plan costs before usage."""
        return recurring_cost(current_catalog().plans[plan], self.interval, "usd", seats=seats).minor

    def usage_cost(self, plan: str) -> int:
        """What was used since the last bill costs under the plan; it is forgotten with that."""
        used, self.used = self.used, 0
        return sum(
            cost(price_model(component, self.interval, "usd"), used).amount.minor
            for component in current_catalog().plans[plan].meters
        )

    def prorated(self, before: int, after: int) -> Fraction:
        """What a change of a period's price costs for the rest of the period, exactly."""
        live = self.now_on()
        length = live.current_period_end_at - live.current_period_start_at
        rest = live.current_period_end_at - self.timed.now()
        return Fraction(after - before) * Fraction(int(rest.total_seconds()), int(length.total_seconds()))

    def is_on(self, plan: str, seats: int) -> None:
        """At Stripe and in the portal there is one subscription, made of exactly what the plan is made of."""
        chosen = current_catalog().plans[plan]
        (live,) = self.live()
        shown = self.now_on()
        wanted = {
            prices_on_sale(chosen, self.interval, "usd")[each.key].stripe_id: None
            if each.kind == "meter"
            else quantity_of(each, seats=seats)
            for each in chosen.components
        }
        at_stripe = {item.price.id: getattr(item, "quantity", None) for item in live["items"].data}
        assert at_stripe == wanted == {item.price_stripe_id: item.quantity for item in shown.items}
        assert len(live["items"].data) == len(wanted) == len(shown.items)
        assert (shown.plan_key, shown.interval) == (plan, self.interval)

    def adds_up(self) -> None:
        """Everything that was invoiced is what was expected, and all of it was paid."""
        invoices = self.invoices()
        assert {each.status for each in invoices} == {"paid"}
        assert sum(each.total for each in invoices) == sum(self.expected)
        paid = sum(each.amount_paid for each in invoices)
        balance = self.v1.customers.retrieve(self.timed.stripe_id).balance
        assert paid == sum(self.expected) - balance


def close_to(amount: int, exact: Fraction, lines: int) -> bool:
    """Whether an amount is an exact one with every line of it rounded."""
    return abs(amount - round_half_away(exact)) <= lines
