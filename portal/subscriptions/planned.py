"""The change of plan that waits for the end of the period, as the mirror shows it: what comes, when, and for whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from portal.accounts.models import User
from portal.extensions import db
from portal.gateway.snapshots import PlannedSnapshot
from portal.intents.models import Intent, IntentState
from portal.plans.catalog import current_catalog
from portal.plans.models import Price
from portal.plans.offers import interval_of
from portal.subscriptions.checkout import seat_range
from portal.subscriptions.models import Subscription
from portal.subscriptions.timing import Terms
from portal.tenants.models import Membership


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A change that waits until `at`: the plan's name, its interval and seats (None: it sells none). `going` are the
    names of members who lose their seat then; `plan_key` is None where the catalogue does not know the plan."""

    plan: str
    interval: str
    seats: int | None
    at: datetime
    plan_key: str | None = None
    going: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """One item of a planned change; `component` None: the price is not ours."""

    price: str
    quantity: int | None
    component: str | None


def planned_change(subscription: Subscription | None) -> PlannedChange | None:
    """Return the change that is planned; None if there is none or the subscription has ended."""
    if subscription is None or subscription.is_ended or subscription.planned_at is None:
        return None
    planned = planned_terms(subscription)
    if planned is None:
        return PlannedChange("another plan", "", None, subscription.planned_at)
    return PlannedChange(
        planned.plan.name,
        planned.interval,
        planned.seats,
        subscription.planned_at,
        planned.plan.key,
        _going(subscription),
    )


def planned_terms(subscription: Subscription) -> Terms | None:
    """Return what the planned change makes of the plan; None if none is planned or the catalogue lost its plan."""
    plan = current_catalog().plans.get(subscription.planned_plan_key or "")
    if subscription.planned_at is None or plan is None:
        return None
    return Terms(plan, interval_of(subscription.planned_interval), subscription.planned_seats)


def planned_lines(subscription: Subscription, *, seats: int | None = None) -> list[PlannedLine]:
    """Return the items of the change that is planned, at the prices it was planned with; empty if there is none.

    `seats` is the number of seats they shall have, as far as their plan is sold with so many.
    """
    planned = PlannedSnapshot.read(subscription.stripe_object.get("schedule"))
    if subscription.planned_at is None or planned is None:
        return []
    known = {
        row.stripe_id: row
        for row in db.session.scalars(
            sa.select(Price).where(Price.stripe_id.in_([price for price, _quantity in planned.items]))
        )
    }
    return [
        PlannedLine(price, quantity, None)
        if price not in known
        else PlannedLine(price, _moved(known[price], quantity, seats), known[price].component)
        for price, quantity in planned.items
    ]


def _going(subscription: Subscription) -> tuple[str, ...]:
    newest = db.session.scalars(
        sa.select(Intent)
        .where(
            Intent.tenant_id == subscription.tenant_id,
            Intent.kind == "change",
            Intent.state == IntentState.DONE,
        )
        .order_by(Intent.id.desc())
        .limit(1)
    ).one_or_none()
    release = newest.params.get("release") if newest is not None else None
    if newest is None or not release or newest.params["plan"] != subscription.planned_plan_key:
        return ()
    names = (
        sa.select(User.name)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.tenant_id == subscription.tenant_id, Membership.public_id.in_(release))
        .order_by(User.name)
    )
    return tuple(db.session.scalars(names))


def _moved(price: Price, quantity: int | None, seats: int | None) -> int | None:
    plan = current_catalog().plans.get(price.plan_key)
    bounds = None if plan is None or price.component != "seat" else seat_range(plan)
    if seats is None or bounds is None:
        return quantity
    return min(max(seats, bounds[0]), bounds[1])
