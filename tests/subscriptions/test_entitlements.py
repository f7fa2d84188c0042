"""What the host product is told a tenant may do."""

from __future__ import annotations

from datetime import timedelta

import stripe

from portal.extensions import db
from portal.kit.clock import utcnow
from portal.subscriptions.entitlements import entitlements_of
from portal.subscriptions.models import Status
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe


def test_the_free_plan_gives_its_limits_and_no_features(cast: Cast) -> None:
    assert entitlements_of(cast.tenant.id).to_json() == {
        "plan": "free",
        "status": None,
        "access": "full",
        "features": [],
        "limits": {"api_calls": 1_000, "storage_gb": 30, "emails": 500},
        "seats": 1,
        "ends_at": None,
    }


def test_a_plan_gives_its_features_and_the_seats_that_were_bought(cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "enterprise", seats=9)
    found = entitlements_of(cast.tenant.id)
    assert (found.plan, found.status, found.seats, found.limits) == ("enterprise", "active", 9, {})
    assert found.features == ("reports", "priority_support", "sso", "audit_export")


def test_a_flat_plan_gives_the_seats_it_includes(cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "starter")
    assert entitlements_of(cast.tenant.id).seats == 3


def test_a_first_failed_charge_takes_nothing_away(cast: Cast, subscribe: Subscribe) -> None:
    subscription = subscribe(cast.tenant, "pro")
    subscription.status, subscription.problem_since_at = Status.PAST_DUE, utcnow()
    db.session.flush()
    found = entitlements_of(cast.tenant.id)
    assert (found.access, found.features) == ("warn", ("reports", "priority_support"))


def test_a_blocked_tenant_keeps_its_plans_name_and_loses_its_features(
    cast: Cast, subscribe: Subscribe
) -> None:
    subscription = subscribe(cast.tenant, "pro")
    subscription.status = Status.PAST_DUE
    subscription.problem_since_at = utcnow() - timedelta(days=40)
    db.session.flush()
    found = entitlements_of(cast.tenant.id)
    assert (found.plan, found.access, found.features) == ("pro", "blocked", ())


def test_a_planned_end_is_told(cast: Cast, subscribe: Subscribe, stripe_client: stripe.StripeClient) -> None:
    subscription = subscribe(cast.tenant, "pro")
    subscription.cancel_at = subscription.current_period_end_at
    db.session.flush()
    assert entitlements_of(cast.tenant.id).ends_at == subscription.current_period_end_at.isoformat()
