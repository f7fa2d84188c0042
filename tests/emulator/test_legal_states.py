"""Whatever is done to an account, in whatever order: money adds up and nothing comes back from its last state."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar

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
from portal.emulator.billing.retry_schedule import change_billing_settings
from tests.emulator.account import Account
from tests.emulator.conftest import WallClock
from tests.fixtures.emulator import client_of

LAST_STATES = {"canceled", "incomplete_expired"}
LAST_INVOICE_STATES = {"paid", "void"}
EVERYTHING = LAST_STATES | {
    "trialing", "active", "past_due", "incomplete", "paused", "unpaid",
    "invoice draft", "invoice open", "invoice paid", "invoice void", "invoice uncollectible",
    "a schedule", "a later phase", "a pending update", "a pending resumption", "mixed intervals", "a retry",
}  # fmt: skip
REFUSALS = (stripe.InvalidRequestError, stripe.CardError)
CARDS = st.sampled_from(
    ["pm_card_visa", "pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_threeDSecureRequired"]
)
PRORATIONS = st.sampled_from(["create_prorations", "always_invoice", "none"])


def _paused(life: Customer) -> None:
    life.account.v1.subscriptions.pause(life.sub)


def _mixed(life: Customer) -> None:
    life.account.v1.subscription_items.create({"subscription": life.sub, "price": life.prices[2]})


def _resuming(life: Customer) -> None:
    life.account.advance(10)
    life.account.v1.subscriptions.pause(life.sub)
    life.account.advance(10)
    life.account.v1.subscriptions.resume(life.sub)


def _waiting(life: Customer) -> None:
    life.account.use_card(life.customer, "pm_card_chargeCustomerFail")
    life.change(9, "always_invoice", 1, "pending_if_incomplete")


def _planned(life: Customer) -> None:
    life.plan(1, "create_prorations", "release")
    life.account.advance(33)


def _held(life: Customer, behavior: str) -> None:
    life.hold(behavior)
    life.account.advance(33)


def _failing(life: Customer, days: int) -> None:
    life.account.use_card(life.customer, "pm_card_chargeCustomerFail")
    for _ in range(days):
        life.account.advance(1)


# Where a life may begin: what random steps alone seldom come to.
STAGES: dict[str, Callable[[Customer], None]] = {
    "paused": _paused,
    "resuming": _resuming,
    "waiting for a payment": _waiting,
    "in a later phase": _planned,
    "by the month and the year": _mixed,
    "kept as drafts": lambda life: _held(life, "keep_as_draft"),
    "written off": lambda life: _held(life, "mark_uncollectible"),
    "tried again": lambda life: _failing(life, 37),
    "given up": lambda life: _failing(life, 50),
}


class Customer(RuleBasedStateMachine):
    """One customer with one subscription, and everything that may happen to them."""

    # What any of the lives came to, over all examples of a run.
    reached: ClassVar[set[str]] = set()

    @initialize(
        card=CARDS,
        trial=st.sampled_from([0, 0, 5]),
        percent=st.sampled_from([None, 15]),
        in_the_end=st.sampled_from(["cancel", "unpaid", "past_due"]),
        behavior=st.sampled_from(["allow_incomplete", "allow_incomplete", "default_incomplete"]),
        stage=st.sampled_from(["", *STAGES]),
    )
    def begin(
        self, card: str, trial: int, percent: int | None, in_the_end: str, behavior: str, stage: str
    ) -> None:
        emulator = Emulator(wall_clock=WallClock())
        with emulator.store.transaction() as tx:
            change_billing_settings(tx, after_retries=in_the_end)
        self.account = Account(emulator, client_of(emulator))
        self.customer = self.account.customer("pm_card_visa" if stage else card).id
        calls = self.account.metered()
        assert calls.recurring is not None
        dearer = {"usage_type": "metered", "meter": calls.recurring.meter}
        self.usage = [calls.id, self.account.price(3, recurring=dearer).id]
        self.prices = [
            self.account.price(1999).id,
            self.account.price(3100).id,
            self.account.price(25000, "year").id,
        ]
        self.more: dict[str, Any] = {} if stage else {"payment_behavior": behavior}
        if trial and not stage:
            self.more["trial_period_days"] = trial
        if percent:
            coupon = self.account.v1.coupons.create({"percent_off": percent, "duration": "forever"})
            self.more["discounts"] = [{"coupon": coupon.id}]
        self.lives: list[str] = []
        self.ended: set[str] = set()
        self._subscribe()
        if stage:
            self._try(lambda: STAGES[stage](self))

    @precondition(lambda self: self.account.subscription(self.sub).status in LAST_STATES)
    @rule()
    def come_back(self) -> None:
        self._try(self._subscribe)

    @rule(
        quantity=st.integers(0, 50),
        how=PRORATIONS,
        price=st.integers(0, 2),
        behavior=st.sampled_from(["allow_incomplete", "pending_if_incomplete", "error_if_incomplete"]),
    )
    def change(self, quantity: int, how: str, price: int, behavior: str) -> None:
        item = self.account.subscription(self.sub)["items"].data[0].id
        sent: Any = {
            "items": [{"id": item, "quantity": quantity, "price": self.prices[price]}],
            "proration_behavior": how,
            "payment_behavior": behavior,
        }
        self._try(lambda: self.account.v1.subscriptions.update(self.sub, sent))

    @rule(how=PRORATIONS, price=st.integers(0, 1))
    def change_usage(self, how: str, price: int) -> None:
        items = self.account.subscription(self.sub)["items"].data
        metered = [item.id for item in items if item.price.id in self.usage]
        entry: Any = {"price": self.usage[price], **({"id": metered[0]} if metered else {})}
        sent: Any = {"items": [entry], "proration_behavior": how}
        self._try(lambda: self.account.v1.subscriptions.update(self.sub, sent))

    @rule(how=PRORATIONS)
    def add_a_year(self, how: str) -> None:
        sent: Any = {"items": [{"price": self.prices[2]}], "proration_behavior": how}
        self._try(lambda: self.account.v1.subscriptions.update(self.sub, sent))

    @rule(price=st.integers(0, 2), how=PRORATIONS, end=st.sampled_from(["release", "cancel"]))
    def plan(self, price: int, how: str, end: str) -> None:
        schedules = self.account.v1.subscription_schedules

        def act() -> None:
            found = self.account.subscription(self.sub).schedule
            known = schedules.retrieve(str(found)) if found else None
            made = known or schedules.create({"from_subscription": self.sub})
            now = made.current_phase
            if now is None:
                return  # It went with its subscription.
            kept: Any = [
                {
                    "items": [_terms(item.to_dict()) for item in phase["items"]],
                    "start_date": phase.start_date,
                    "end_date": phase.end_date,
                }
                for phase in made.phases
                if phase.start_date <= now.start_date
            ]
            later: Any = {
                "items": [{"price": self.prices[price], "quantity": 3}],
                "duration": {"interval": "month", "interval_count": 2},
                "proration_behavior": how,
            }
            schedules.update(made.id, {"phases": [*kept, later], "end_behavior": end})

        self._try(act)

    @rule(release=st.booleans())
    def unplan(self, release: bool) -> None:
        found = self.account.subscription(self.sub).schedule
        if found and release:
            self._try(lambda: self.account.v1.subscription_schedules.release(str(found)))

    @rule(at_end=st.booleans())
    def set_to_cancel(self, at_end: bool) -> None:
        self._try(lambda: self.account.v1.subscriptions.update(self.sub, {"cancel_at_period_end": at_end}))

    @rule(prorate=st.booleans(), unlikely=st.sampled_from([False] * 7 + [True]))
    def cancel(self, prorate: bool, unlikely: bool) -> None:
        if unlikely:
            self._try(
                lambda: self.account.v1.subscriptions.cancel(
                    self.sub, {"prorate": prorate, "invoice_now": True}
                )
            )

    @rule(
        at_once=st.sampled_from(["invoice", "pending_invoice_item"]),
        unused=st.sampled_from(["now", "none", "item_current_period_start"]),
    )
    def pause(self, at_once: str, unused: str) -> None:
        sent: Any = {"invoicing_behavior": at_once, "bill_for": {"unused_time_from": {"type": unused}}}
        self._try(lambda: self.account.v1.subscriptions.pause(self.sub, sent))

    @rule(
        on=st.sampled_from(["attempt", "success"]),
        anchor=st.sampled_from(["now", "unchanged"]),
        how=PRORATIONS,
    )
    def resume(self, on: str, anchor: str, how: str) -> None:
        sent: Any = {
            "payment_behavior": f"resume_on_payment_{on}",
            "billing_cycle_anchor": {"type": anchor},
            "proration_behavior": how,
        }
        self._try(lambda: self.account.v1.subscriptions.resume(self.sub, sent))

    @rule(behavior=st.sampled_from(["", "void", "keep_as_draft", "mark_uncollectible"]))
    def hold(self, behavior: str) -> None:
        sent: Any = {"pause_collection": {"behavior": behavior} if behavior else ""}
        self._try(lambda: self.account.v1.subscriptions.update(self.sub, sent))

    @rule(card=CARDS)
    def change_card(self, card: str) -> None:
        self.account.use_card(self.customer, card)

    @rule(value=st.integers(0, 9000))
    def use(self, value: int) -> None:
        self.account.use(self.customer, value)

    @rule(days=st.integers(1, 40))
    def wait(self, days: int) -> None:
        self._try(lambda: self.account.advance(days))

    @precondition(lambda self: self._invoices("open"))
    @rule(how=st.sampled_from(["pay", "pay", "void_invoice", "mark_uncollectible"]))
    def settle(self, how: str) -> None:
        invoice = self._invoices("open")[0]
        self._try(lambda: getattr(self.account.v1.invoices, how)(invoice.id))

    @precondition(lambda self: self._invoices("draft"))
    @rule(amount=st.integers(-5000, 5000), finish=st.booleans())
    def work_on_draft(self, amount: int, finish: bool) -> None:
        draft = self._invoices("draft")[0]
        invoices = self.account.v1.invoices
        self._try(lambda: invoices.add_lines(draft.id, {"lines": [{"amount": amount}]}))
        if finish:
            self._try(lambda: invoices.finalize_invoice(draft.id))

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
        subs = [self.account.subscription(life) for life in self.lives]
        last = {sub.id for sub in subs if sub.status in LAST_STATES}
        last |= {invoice.id for invoice in self._invoices() if invoice.status in LAST_INVOICE_STATES}
        assert self.ended <= last
        self.ended = last
        assert all((sub.ended_at is not None) == (sub.status in LAST_STATES) for sub in subs)

    @invariant()
    def a_subscription_and_its_schedule_know_each_other(self) -> None:
        sub = self.account.subscription(self.sub)
        schedules = self.account.v1.subscription_schedules.list(
            {"customer": self.customer, "limit": 100}
        ).data
        running = [schedule for schedule in schedules if schedule.status == "active"]
        assert [schedule.id for schedule in running] == ([sub.schedule] if self._runs(sub) else [])
        for schedule in running:
            now = schedule.current_phase
            assert now is not None
            assert now.start_date <= self.account.now() <= now.end_date

    @invariant()
    def what_a_subscription_says_of_itself_goes_together(self) -> None:
        sub = self.account.subscription(self.sub)
        assert (sub.status == "paused") == (sub.status_details is not None)
        for item in sub["items"].data:
            assert item.current_period_start <= item.current_period_end
            if sub.status in ("active", "past_due", "trialing"):
                assert self.account.now() <= item.current_period_end
        if sub.pending_update is not None:
            assert sub.pending_update.expires_at >= self.account.now()
            assert self.account.v1.invoices.retrieve(str(sub.latest_invoice)).status == "open"
        self.reached.add(sub.status)
        self.reached.update(f"invoice {invoice.status}" for invoice in self._invoices())
        what = {
            "a schedule": sub.schedule is not None,
            "a later phase": self._later_phase(sub),
            "a pending update": sub.pending_update is not None and sub.status != "paused",
            "a pending resumption": sub.pending_update is not None and sub.status == "paused",
            "mixed intervals": len({item.price.recurring.interval for item in sub["items"].data}) > 1,
            "a retry": any(invoice.attempt_count > 1 for invoice in self._invoices()),
        }
        self.reached.update(name for name, true in what.items() if true)

    def _subscribe(self) -> None:
        items = ({"price": self.prices[0], "quantity": 2}, {"price": self.usage[0]})
        self.sub = self.account.subscribe(self.customer, *items, **self.more).id
        self.lives.append(self.sub)

    @staticmethod
    def _runs(sub: stripe.Subscription) -> bool:
        return sub.schedule is not None and sub.status not in LAST_STATES

    def _later_phase(self, sub: stripe.Subscription) -> bool:
        if sub.schedule is None:
            return False
        schedule = self.account.v1.subscription_schedules.retrieve(str(sub.schedule))
        now, first = schedule.current_phase, schedule.phases[0]
        return now is not None and now.start_date > first.start_date

    def _invoices(self, status: str | None = None) -> list[stripe.Invoice]:
        found = self.account.v1.invoices.list({"customer": self.customer, "limit": 100}).data
        return [invoice for invoice in found if status in (None, invoice.status)]

    @staticmethod
    def _try(act: Any) -> None:
        """Do it, or be refused: both are legal."""
        with suppress(*REFUSALS):
            act()


def _terms(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("price", "quantity") if name in item}


def _run(examples: int, steps: int) -> None:
    Customer.reached.clear()
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
    _run(examples=4, steps=8)


@pytest.mark.nightly
def test_any_long_life_of_a_customer_is_legal() -> None:
    _run(examples=200, steps=40)
    for stage in STAGES:
        life = Customer()
        life.begin("pm_card_visa", 0, None, "unpaid", "allow_incomplete", stage)
        life.what_a_subscription_says_of_itself_goes_together()
    never_paid = Customer()
    never_paid.begin("pm_card_visa", 0, None, "unpaid", "default_incomplete", "")
    never_paid.account.advance(1)
    never_paid.what_a_subscription_says_of_itself_goes_together()
    assert Customer.reached >= EVERYTHING
