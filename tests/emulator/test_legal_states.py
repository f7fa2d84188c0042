"""Whatever is done to an account, in whatever order: money adds up and nothing comes back from its last state."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import stripe
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from portal.emulator.app import Emulator
from tests.emulator.account import Account
from tests.emulator.conftest import WallClock
from tests.fixtures.emulator import client_of

LAST_STATES = {"canceled", "incomplete_expired"}
LAST_INVOICE_STATES = {"paid", "void"}
REFUSALS = (stripe.InvalidRequestError, stripe.CardError)
CARDS = st.sampled_from(["pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_threeDSecureRequired"])
PRORATIONS = st.sampled_from(["create_prorations", "always_invoice", "none"])


class Customer(RuleBasedStateMachine):
    """One customer with one subscription, and everything that may happen to them."""

    @initialize(card=CARDS, trial=st.sampled_from([0, 0, 5]), percent=st.sampled_from([None, 15]))
    def begin(self, card: str, trial: int, percent: int | None) -> None:
        emulator = Emulator(wall_clock=WallClock())
        self.account = Account(emulator, client_of(emulator))
        self.customer = self.account.customer(card).id
        self.prices = [
            self.account.price(1999).id,
            self.account.price(3100).id,
            self.account.price(25000, "year").id,
        ]
        more: dict[str, Any] = {"trial_period_days": trial} if trial else {}
        if percent:
            coupon = self.account.v1.coupons.create({"percent_off": percent, "duration": "forever"})
            more["discounts"] = [{"coupon": coupon.id}]
        metered = self.account.metered().id
        self.sub = self.account.subscribe(
            self.customer, {"price": self.prices[0], "quantity": 2}, {"price": metered}, **more
        ).id
        self.ended: set[str] = set()

    @rule(quantity=st.integers(0, 50), how=PRORATIONS, price=st.integers(0, 2))
    def change(self, quantity: int, how: str, price: int) -> None:
        item = self.account.subscription(self.sub)["items"].data[0].id
        sent: Any = {
            "items": [{"id": item, "quantity": quantity, "price": self.prices[price]}],
            "proration_behavior": how,
        }
        self._try(lambda: self.account.v1.subscriptions.update(self.sub, sent))

    @rule(at_end=st.booleans())
    def set_to_cancel(self, at_end: bool) -> None:
        self._try(lambda: self.account.v1.subscriptions.update(self.sub, {"cancel_at_period_end": at_end}))

    @rule(prorate=st.booleans(), unlikely=st.sampled_from([False, False, False, True]))
    def cancel(self, prorate: bool, unlikely: bool) -> None:
        if unlikely:
            self._try(
                lambda: self.account.v1.subscriptions.cancel(
                    self.sub, {"prorate": prorate, "invoice_now": True}
                )
            )

    @rule()
    def pause(self) -> None:
        self._try(lambda: self.account.v1.subscriptions.pause(self.sub, {"invoicing_behavior": "invoice"}))

    @rule()
    def resume(self) -> None:
        self._try(lambda: self.account.v1.subscriptions.resume(self.sub))

    @rule(card=CARDS)
    def change_card(self, card: str) -> None:
        self.account.use_card(self.customer, card)

    @rule(value=st.integers(0, 9000))
    def use(self, value: int) -> None:
        self.account.use(self.customer, value)

    @rule(days=st.integers(1, 40))
    def wait(self, days: int) -> None:
        self._try(lambda: self.account.advance(days))

    @precondition(lambda self: self._open_invoices())
    @rule(pay=st.booleans())
    def settle(self, pay: bool) -> None:
        invoice = self._open_invoices()[0]
        act = self.account.v1.invoices.pay if pay else self.account.v1.invoices.void_invoice
        self._try(lambda: act(invoice.id))

    @invariant()
    def the_figures_of_every_invoice_add_up(self) -> None:
        for invoice in self._invoices():
            discounts = sum(part.amount for part in invoice.total_discount_amounts or [])
            assert sum(line.amount for line in invoice.lines.data) == invoice.subtotal
            assert invoice.total == invoice.subtotal - discounts
            if invoice.status == "paid":
                assert (invoice.amount_paid, invoice.amount_remaining) == (invoice.amount_due, 0)

    @invariant()
    def what_was_charged_is_what_invoices_say_was_paid(self) -> None:
        charges = self.account.v1.charges.list({"customer": self.customer, "limit": 100}).data
        charged = sum(charge.amount for charge in charges if charge.paid)
        assert charged == sum(invoice.amount_paid for invoice in self._invoices())

    @invariant()
    def the_balance_is_the_sum_of_its_transactions(self) -> None:
        moves = self.account.v1.customers.balance_transactions.list(self.customer, {"limit": 100}).data
        assert self.account.v1.customers.retrieve(self.customer).balance == sum(move.amount for move in moves)

    @invariant()
    def nothing_comes_back_from_its_last_state(self) -> None:
        sub = self.account.subscription(self.sub)
        last = {sub.id} if sub.status in LAST_STATES else set()
        last |= {invoice.id for invoice in self._invoices() if invoice.status in LAST_INVOICE_STATES}
        assert self.ended <= last
        self.ended = last
        assert (sub.ended_at is not None) == (sub.status in LAST_STATES)

    def _invoices(self) -> list[stripe.Invoice]:
        return list(self.account.v1.invoices.list({"customer": self.customer, "limit": 100}).data)

    def _open_invoices(self) -> list[stripe.Invoice]:
        return [invoice for invoice in self._invoices() if invoice.status == "open"]

    @staticmethod
    def _try(act: Any) -> None:
        """Do it, or be refused: both are legal."""
        with suppress(*REFUSALS):
            act()


def _run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Customer,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Customer.TestCase is not None


def test_any_short_life_of_a_customer_is_legal() -> None:
    _run(examples=6, steps=10)


@pytest.mark.nightly
def test_any_long_life_of_a_customer_is_legal() -> None:
    _run(examples=200, steps=40)
