"""Several tabs, webhooks that come doubled and in any order, the worker and the way back from Stripe, in any order of
their steps: one subscription, made of exactly one plan, and every change charged once and as it was shown."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from portal.accounts.models import User
from portal.emulator.wire.errors import StripeError
from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.kit.errors import Conflict
from portal.plans.catalog import current_catalog
from portal.subscriptions.checkout import AlreadySubscribed, Choice, WayBack
from portal.subscriptions.confirm_change import confirm
from portal.subscriptions.models import LIVE, Quote, Subscription
from portal.subscriptions.planned import planned_change
from portal.sync.changes import quote_plan
from portal.sync.checkout import OpenedElsewhere, return_from_checkout, start_checkout
from portal.sync.intents import carry_out, finish_open
from portal.web.unit_of_work import unit_of_work
from tests.fixtures.catalog import PayCheckout
from tests.fixtures.history import Post, state_at_stripe, state_here
from tests.fixtures.interleaving import behind_the_fence, steps_of_a_sync
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.time import Timed

CHOICES = [Choice("enterprise", "year", 7), Choice("pro", "month", 4), Choice("enterprise", "month", 6)]
WAY_BACK = WayBack("https://portal.example.com/paid?id={CHECKOUT_SESSION_ID}", "https://portal.example.com")
SEEDS = [*range(10), *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(10, 100))]


class Race:
    """The people and machines that act on one tenant, a step at a time in an order that dice decide."""

    def __init__(self, dice: random.Random, timed: Timed, pay: PayCheckout, office: Post, drain: DrainJobs):
        self.dice, self.timed, self.pay, self.office, self.drain = dice, timed, pay, office, drain
        self.tenant, self.tenant_id = timed.tenant, timed.tenant.id
        self.user = db.session.scalars(sa.select(User.id).order_by(User.id.desc()).limit(1)).one()
        db.session.commit()

    def run(self, *actors: Iterator[None]) -> None:
        """Let the actors take steps until none has any left, then let everything come to rest."""
        waiting = list(actors)
        while waiting:
            actor = self.dice.choice(waiting)
            if next(actor, self) is self:
                waiting.remove(actor)
            # Each step is another process: it knows nothing but what it was given.
            db.session.commit()
            db.session.expunge_all()
        self.office.hand_over(1)
        self.drain()
        self.timed.sync()
        db.session.expire_all()

    def buyer(self, choice: Choice) -> Iterator[None]:
        """A tab in which a plan is chosen, paid and come back from, as far as it gets."""
        try:
            address = start_checkout(self.tenant, choice, WAY_BACK, self.user)
        except (OpenedElsewhere, AlreadySubscribed):
            return
        yield
        session = "cs_" + address.rsplit("cs_", 1)[1]
        try:
            self.pay(session)
        except StripeError:
            return  # another tab's page has taken its place
        yield
        return_from_checkout(self.tenant_id, session)
        yield

    def confirmer(self, quote: str) -> Iterator[None]:
        """A tab in which a price that was shown is confirmed."""
        try:
            with unit_of_work():
                intent = confirm(self.tenant_id, quote, self.user, holders=[])
        except Conflict:
            return
        yield
        carry_out(intent)
        yield

    def finisher(self) -> Iterator[None]:
        """A worker that takes over what seems to be left undone."""
        for _ in range(2):
            with unit_of_work():
                left = db.session.scalars(sa.select(Intent.id).where(Intent.state == IntentState.OPEN)).all()
            for intent_id in left:
                finish_open(intent_id)
            yield

    def postman(self) -> Iterator[None]:
        """Webhooks that come late, doubled and shuffled, and the jobs they cause."""
        for _ in range(3):
            self.office.hand_over(0.6)
            yield
            self.drain(even_delayed=False, may_fail=True)
            yield

    def quotes(self) -> list[str]:
        """Ask for the two plans that the tenant is not on."""
        row = self.shown()
        others = [each for each in CHOICES if (each.plan_key, each.interval) != (row.plan_key, row.interval)]
        db.session.commit()
        return [quote_plan(self.tenant_id, each, self.user).public_id for each in others]

    def shown(self) -> Subscription:
        """The one live subscription there may be, here as at Stripe."""
        assert state_at_stripe(self.timed) == state_here(self.timed)
        return db.session.scalars(sa.select(Subscription).where(Subscription.status.in_(LIVE))).one()


@pytest.mark.parametrize("seed", SEEDS)
def test_one_subscription_of_one_plan_charged_as_shown(
    payer: FlaskClient,
    timed: Timed,
    pay_checkout: PayCheckout,
    post: Callable[[random.Random, float], Post],
    drain_jobs: DrainJobs,
    seed: int,
) -> None:
    dice = random.Random(seed)
    race = Race(dice, timed, pay_checkout, post(dice, 0.0), drain_jobs)
    tabs = dice.sample(CHOICES, 2)
    race.run(*(race.buyer(each) for each in tabs), race.postman())
    bought = race.shown()
    plan = current_catalog().plans[str(bought.plan_key)]
    assert sorted(str(item.component) for item in bought.items) == sorted(
        each.key for each in plan.components
    )
    invoices = len(state_at_stripe(timed)["invoices"])

    one, other = race.quotes()
    sync = steps_of_a_sync(timed.customer_id, behind_the_fence, again=True)
    tabs_of_quotes = [race.confirmer(each) for each in (one, one, other)]
    race.run(*tabs_of_quotes, race.finisher(), race.postman(), sync)
    changed = race.shown()
    quotes = db.session.scalars(
        sa.select(Quote).where(Quote.confirmed_at.is_not(None)).order_by(Quote.id)
    ).all()
    assert quotes
    assert [each.charged_amount for each in quotes] == [each.due_now_amount for each in quotes]
    charged = [each for each in quotes if each.invoice_stripe_id is not None]
    assert len(state_at_stripe(timed)["invoices"]) == invoices + len(charged)
    last = db.session.scalars(
        sa.select(Intent)
        .where(Intent.kind == "change", Intent.state == IntentState.DONE)
        .order_by(Intent.id.desc())
    ).first()
    assert last is not None
    wanted = current_catalog().plans[last.params["plan"]]
    if last.params["when"] == "now":
        assert (changed.plan_key, changed.interval) == (wanted.key, last.params["interval"])
        assert {str(item.component) for item in changed.items} == {each.key for each in wanted.components}
        assert len(changed.items) == len(wanted.components)
    else:
        planned = planned_change(changed)
        assert planned is not None
        assert (planned.plan, planned.interval) == (wanted.name, last.params["interval"])
    assert not db.session.scalars(
        sa.select(Intent).where(Intent.state.in_((IntentState.OPEN, IntentState.WAITING)))
    ).all()
