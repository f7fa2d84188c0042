"""Staff end a subscription at once: use is charged, unused time credited only where asked, and it happens once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
import stripe

from portal.api_keys.create import create_key
from portal.audit.models import AuditEntry
from portal.emulator.app import Emulator
from portal.emulator.faults import Fault
from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.invoices.models import Invoice
from portal.kit.clock import to_unix
from portal.kit.errors import NotFound
from portal.subscriptions.cancel import NothingToCancel
from portal.subscriptions.cancel_now import ReasonMissing, cancel_now_intent
from portal.subscriptions.models import Status, Subscription
from portal.subscriptions.queries import current_subscription
from portal.sync.intents import OutcomeUnknown, carry_out
from portal.tenants.models import Tenant
from portal.web.unit_of_work import unit_of_work
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.time import Timed
from tests.fixtures.usage import batch, event


def end(tenant: Tenant, subscription: Subscription, *, prorate: bool = False) -> Intent:
    tenant_id, stripe_id = tenant.id, subscription.stripe_id
    db.session.commit()
    with unit_of_work():
        intent = cancel_now_intent(
            tenant_id, None, subscription=stripe_id, reason="Paid twice", actor="operator", prorate=prorate
        )
    return carry_out(intent)


def test_it_ends_at_once_and_charges_what_was_used(timed: Timed, subscribe: Subscribe) -> None:
    row = subscribe(timed.tenant, "enterprise", seats=5)
    timed.client.v1.billing.meter_events.create(
        {
            "event_name": "portal_api_calls",
            "payload": {"stripe_customer_id": timed.stripe_id, "value": "20000"},
            "timestamp": to_unix(timed.now()),
        }
    )
    timed.advance_to(timed.now() + timedelta(days=3))
    intent = end(timed.tenant, row)
    assert (row.status, intent.is_synced) == (Status.CANCELED, True)
    last = db.session.scalars(sa.select(Invoice).order_by(Invoice.id.desc()).limit(1)).one()
    assert (last.stripe_id, last.total_amount) == ((intent.result or {})["invoice"], 400)


def test_what_the_product_reported_in_this_hour_is_on_the_last_invoice(
    cast: Cast, timed: Timed, subscribe: Subscribe
) -> None:
    row = subscribe(timed.tenant, "enterprise", seats=5)
    _, key = create_key(timed.tenant.id, name="Production", creator=cast.owner)
    db.session.commit()
    told = cast.app.test_client().post(
        "/api/v1/usage/events",
        data=batch(event("job-1", 20_000)),
        headers={"Authorization": f"Bearer {key}"},
        content_type="application/json",
    )
    assert told.status_code < 300
    timed.advance_to(timed.now() + timedelta(minutes=1))
    timed.sync()
    invoice = (end(timed.tenant, row).result or {})["invoice"]
    assert db.session.scalar(sa.select(Invoice.total_amount).where(Invoice.stripe_id == invoice)) == 400


def test_unused_time_is_credited_only_where_asked(cast: Cast, subscribe: Subscribe) -> None:
    first = subscribe(cast.tenant, "pro")
    assert (end(cast.tenant, first).result or {})["invoice"] is None
    second = subscribe(cast.tenant, "pro")
    credited = (end(cast.tenant, second, prorate=True).result or {})["invoice"]
    total = db.session.scalar(sa.select(Invoice.total_amount).where(Invoice.stripe_id == credited))
    assert total is not None
    assert -4500 <= total < -4400


def test_of_two_live_subscriptions_the_one_that_is_named_ends(
    cast: Cast, subscribe: Subscribe, stripe_client: stripe.StripeClient
) -> None:
    older = subscribe(cast.tenant, "pro")
    newer = subscribe(cast.tenant, "starter")
    end(cast.tenant, older)
    left = current_subscription(cast.tenant.id)
    assert left is not None
    assert left.stripe_id == newer.stripe_id
    assert stripe_client.v1.subscriptions.retrieve(older.stripe_id).status == "canceled"


def test_the_audit_trail_names_who_did_it_and_why_once(cast: Cast, subscribe: Subscribe) -> None:
    end(cast.tenant, subscribe(cast.tenant, "pro"))
    entries = db.session.scalars(
        sa.select(AuditEntry).where(
            AuditEntry.action.in_(("subscription.cancelled_now", "subscription.ended"))
        )
    ).all()
    assert [(each.actor, each.details["reason"]) for each in entries] == [("operator", "Paid twice")]


def test_a_lost_answer_is_learnt_and_asking_again_meanwhile_is_the_same_request(
    cast: Cast, subscribe: Subscribe, emulator: Emulator, drain_jobs: DrainJobs
) -> None:
    row = subscribe(cast.tenant, "pro")
    emulator.faults.add(Fault("error_after", "DELETE", "/v1/subscriptions/*", times=4))
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            end(cast.tenant, row)
    drain_jobs()
    assert db.session.scalars(sa.select(Intent.state)).all() == [IntentState.DONE]
    assert row.status == Status.CANCELED


def test_what_has_ended_is_refused(cast: Cast, subscribe: Subscribe) -> None:
    row = subscribe(cast.tenant, "pro")
    end(cast.tenant, row)
    with pytest.raises(NothingToCancel):
        end(cast.tenant, row)


def test_another_tenants_is_not_found(cast: Cast, subscribe: Subscribe) -> None:
    row = subscribe(cast.tenant, "pro")
    with pytest.raises(NotFound):
        end(cast.other_tenant, row)
    assert row.status == Status.ACTIVE


def test_it_is_not_done_without_a_reason(cast: Cast, subscribe: Subscribe) -> None:
    row = subscribe(cast.tenant, "pro")
    with pytest.raises(ReasonMissing), unit_of_work():
        cancel_now_intent(cast.tenant.id, None, subscription=row.stripe_id, reason=" ")
    assert row.status == Status.ACTIVE


def test_what_only_stripe_knows_to_have_ended_is_seen_after_the_refusal(
    cast: Cast, subscribe: Subscribe, stripe_client: stripe.StripeClient, drain_jobs: DrainJobs
) -> None:
    row = subscribe(cast.tenant, "pro")
    stripe_client.v1.subscriptions.cancel(row.stripe_id)
    with pytest.raises(Exception, match="No such subscription"):
        end(cast.tenant, row)
    drain_jobs()
    assert row.status == Status.CANCELED
