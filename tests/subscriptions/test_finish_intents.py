"""The job that brings open intents to their end, and when it gives one up."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
import stripe

from portal.audit.models import AuditEntry
from portal.emulator.app import Emulator
from portal.emulator.faults import Fault
from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.kit.clock import utcnow
from portal.subscriptions.cancel import cancel_intent
from portal.subscriptions.queries import current_subscription
from portal.sync.intents import OutcomeUnknown, carry_out, finish_open
from portal.web.unit_of_work import unit_of_work
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.jobs import DrainJobs


def opened(cast: Cast) -> Intent:
    with unit_of_work():
        return cancel_intent(cast.tenant.id, cast.owner.id)


def state_of(intent: Intent) -> str:
    db.session.expire_all()
    state = db.session.get_one(Intent, intent.id).state
    db.session.commit()
    return state


def test_an_intent_left_by_a_crash_before_the_call_is_carried_out(
    cast: Cast, subscribe: Subscribe, drain_jobs: DrainJobs
) -> None:
    subscribe(cast.tenant, "pro")
    intent = opened(cast)
    drain_jobs()
    assert state_of(intent) == IntentState.DONE
    subscription = current_subscription(cast.tenant.id)
    assert subscription is not None
    assert subscription.ends_at is not None


def test_an_intent_that_is_finished_is_left_alone(
    cast: Cast, subscribe: Subscribe, stripe_client: stripe.StripeClient
) -> None:
    subscription = subscribe(cast.tenant, "pro")
    intent = opened(cast)
    carry_out(intent)
    stripe_client.v1.subscriptions.update(subscription.stripe_id, {"cancel_at": ""})
    finish_open(intent.id)
    assert stripe_client.v1.subscriptions.retrieve(subscription.stripe_id).cancel_at is None


def test_a_request_and_the_job_together_write_the_outcome_once(cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "pro")
    intent = opened(cast)
    for _ in range(2):
        carry_out(intent)
    done = sa.select(AuditEntry).where(AuditEntry.action == "subscription.cancelled")
    assert len(db.session.scalars(done).all()) == 1


def test_an_intent_that_is_too_old_is_given_up_visibly(
    cast: Cast, subscribe: Subscribe, drain_jobs: DrainJobs, stripe_client: stripe.StripeClient
) -> None:
    subscription = subscribe(cast.tenant, "pro")
    intent = opened(cast)
    intent.expires_at = utcnow() - timedelta(seconds=1)
    db.session.commit()
    drain_jobs()
    assert state_of(intent) == IntentState.ABANDONED
    assert stripe_client.v1.subscriptions.retrieve(subscription.stripe_id).cancel_at is None
    given_up = sa.select(AuditEntry).where(AuditEntry.action == "cancel.given_up")
    assert db.session.scalars(given_up).one().actor == "worker"


def test_an_unknown_intent_is_nothing_to_do(cast: Cast) -> None:
    db.session.commit()
    finish_open(987_654)
    assert db.session.scalars(sa.select(Intent)).all() == []


def test_a_refusal_ends_the_job_too(
    cast: Cast, subscribe: Subscribe, drain_jobs: DrainJobs, stripe_client: stripe.StripeClient
) -> None:
    subscription = subscribe(cast.tenant, "pro")
    intent = opened(cast)
    stripe_client.v1.subscriptions.cancel(subscription.stripe_id)
    drain_jobs()
    assert state_of(intent) == IntentState.FAILED


def test_an_error_that_stripe_repeats_ends_in_what_stripe_did(
    cast: Cast, subscribe: Subscribe, drain_jobs: DrainJobs, emulator: Emulator
) -> None:
    subscribe(cast.tenant, "pro")
    intent = opened(cast)
    emulator.faults.add(Fault("error_kept", "POST", "/v1/subscriptions/*"))
    with pytest.raises(OutcomeUnknown):
        carry_out(intent)
    intent.expires_at = utcnow() - timedelta(seconds=1)
    db.session.commit()
    drain_jobs()
    assert state_of(intent) == IntentState.ABANDONED
    subscription = current_subscription(cast.tenant.id)
    assert subscription is not None
    assert subscription.ends_at is not None
