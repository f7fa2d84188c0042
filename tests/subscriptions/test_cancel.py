"""Cancelling at the end of the period, and taking it back."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient

from portal.audit.models import AuditEntry
from portal.emulator.app import Emulator
from portal.emulator.faults import Fault
from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.kit.clock import to_unix
from portal.subscriptions.cancel import cancel_intent
from portal.subscriptions.models import Subscription
from portal.subscriptions.queries import current_subscription
from portal.web.filters import day
from portal.web.unit_of_work import unit_of_work
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.jobs import DrainJobs

CANCEL = "/t/northwind-labs/cancel"
RESUME = "/t/northwind-labs/resume"
OVERVIEW = "/t/northwind-labs/overview"


def subscription_of(cast: Cast) -> Subscription:
    found = current_subscription(cast.tenant.id)
    assert found is not None
    return found


def test_the_page_says_what_will_happen_and_when(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    ends = subscribe(cast.tenant, "pro").current_period_end_at
    page = owner.get(CANCEL).text
    assert page.count(day(ends)) == 2
    assert "Nothing is deleted" in page


def test_cancelling_plans_the_end_at_stripe_and_shows_it(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe, stripe_client: stripe.StripeClient
) -> None:
    subscription = subscribe(cast.tenant, "pro")
    ends = subscription.current_period_end_at
    response = owner.post(CANCEL, data={"reason": "Too expensive for us"})
    assert (response.status_code, response.location) == (303, OVERVIEW)
    assert stripe_client.v1.subscriptions.retrieve(subscription.stripe_id).cancel_at == to_unix(ends)
    page = owner.get(OVERVIEW).text
    assert f"Your plan ends on {day(subscription.current_period_end_at)}." in page
    assert "Keep the plan" in page


def test_the_reason_is_kept_in_the_audit_trail(owner: FlaskClient, cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "pro")
    owner.post(CANCEL, data={"reason": "Too\x00 expensive\r\nfor us"})
    entry = db.session.scalars(
        sa.select(AuditEntry).where(AuditEntry.action == "subscription.cancelled")
    ).one()
    assert entry.details["reason"] == "Too expensive\nfor us"


def test_a_reason_of_a_whole_novel_is_refused_beside_its_field(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "pro")
    response = owner.post(CANCEL, data={"reason": "x" * 501})
    assert response.status_code == 422
    assert "at most 500 characters" in response.text
    assert subscription_of(cast).ends_at is None


def test_resuming_takes_the_end_back(owner: FlaskClient, cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "pro")
    owner.post(CANCEL)
    assert owner.post(RESUME).status_code == 303
    assert subscription_of(cast).ends_at is None
    assert "Renews on" in owner.get(OVERVIEW).text


def test_cancelling_twice_is_refused_with_the_date(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    ends = subscribe(cast.tenant, "pro").current_period_end_at
    owner.post(CANCEL)
    for response in (owner.post(CANCEL), owner.get(CANCEL)):
        assert response.status_code == 409
        assert f"It ends on {day(ends)}." in response.text


def test_cancelling_resuming_and_cancelling_again_works(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "pro")
    for path in (CANCEL, RESUME, CANCEL):
        assert owner.post(path).status_code == 303
    assert subscription_of(cast).ends_at is not None


@pytest.mark.parametrize("path", [CANCEL, RESUME])
def test_without_a_plan_there_is_nothing_to_cancel_or_resume(owner: FlaskClient, path: str) -> None:
    response = owner.post(path)
    assert response.status_code == 409
    assert "nothing to cancel or to resume" in response.text


def test_what_is_not_cancelled_cannot_be_resumed(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "pro")
    assert owner.post(RESUME).status_code == 409


@pytest.mark.parametrize(("person", "status"), [("member", 403), ("stranger", 404)])
def test_nobody_else_may_cancel_or_resume(
    cast: Cast, subscribe: Subscribe, person: str, status: int, request: pytest.FixtureRequest
) -> None:
    subscribe(cast.tenant, "pro")
    browser: FlaskClient = request.getfixturevalue(person)
    assert [browser.get(CANCEL).status_code, browser.post(CANCEL).status_code] == [status, status]
    assert browser.post(RESUME).status_code == status
    assert subscription_of(cast).ends_at is None


def test_what_is_being_cancelled_is_not_cancelled_again(
    cast: Cast, subscribe: Subscribe, owner: FlaskClient
) -> None:
    subscribe(cast.tenant, "starter")
    with unit_of_work():
        cancel_intent(cast.tenant.id, cast.owner.id)
    assert owner.post(CANCEL).status_code == 409
    assert len(db.session.scalars(sa.select(Intent)).all()) == 1


def test_when_stripe_does_not_answer_the_request_is_kept_and_finished_once(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe, emulator: Emulator, drain_jobs: DrainJobs
) -> None:
    subscribe(cast.tenant, "pro")
    emulator.faults.add(Fault("rate_limit", "POST", "/v1/subscriptions/*"))
    response = owner.post(CANCEL)
    assert response.status_code == 503
    assert "Your request is saved" in response.text
    assert "has not been confirmed yet" in owner.get(OVERVIEW).text
    drain_jobs()
    assert subscription_of(cast).ends_at is not None
    assert db.session.scalars(sa.select(Intent)).one().state == IntentState.DONE


def test_an_answer_lost_after_the_effect_is_learnt_with_the_same_key(
    owner: FlaskClient,
    cast: Cast,
    subscribe: Subscribe,
    emulator: Emulator,
    drain_jobs: DrainJobs,
    stripe_client: stripe.StripeClient,
) -> None:
    subscription = subscribe(cast.tenant, "pro")
    ends = subscription.current_period_end_at
    emulator.faults.add(Fault("error_after", "POST", "/v1/subscriptions/*", times=2))
    assert owner.post(CANCEL).status_code == 503
    assert stripe_client.v1.subscriptions.retrieve(subscription.stripe_id).cancel_at == to_unix(ends)
    drain_jobs()
    assert db.session.scalars(sa.select(Intent)).one().state == IntentState.DONE
    events = stripe_client.v1.events.list({"type": "customer.subscription.updated"}).data
    ours = [each for each in events if each.request and (each.request.idempotency_key or "")[:7] == "intent-"]
    assert len(ours) == 1


def test_when_only_the_sync_fails_the_change_stands_and_the_worker_shows_it(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe, emulator: Emulator, drain_jobs: DrainJobs
) -> None:
    subscribe(cast.tenant, "pro")
    emulator.faults.add(Fault("rate_limit", "GET", "/v1/customers/*"))
    page = owner.post(CANCEL, follow_redirects=True).text
    assert "Saved. It may take a minute until this page shows it." in page
    drain_jobs()
    assert subscription_of(cast).ends_at is not None


def test_a_refusal_of_stripes_ends_the_intent_and_is_recorded(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe, stripe_client: stripe.StripeClient
) -> None:
    subscription = subscribe(cast.tenant, "pro")
    stripe_client.v1.subscriptions.cancel(subscription.stripe_id)
    response = owner.post(CANCEL)
    assert response.status_code == 409
    intent = db.session.scalars(sa.select(Intent)).one()
    assert (intent.state, intent.error_code is not None) == (IntentState.FAILED, True)
    refused = sa.select(AuditEntry).where(AuditEntry.action == "cancel.refused")
    assert db.session.scalars(refused).one().object_id == intent.public_id
