"""Writes what Stripe says about a tenant's subscriptions into their rows, and says what changed about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from portal.extensions import db
from portal.gateway.snapshots import ItemSnapshot, SubscriptionSnapshot
from portal.kit.changes import Changes, assign
from portal.kit.clock import utcnow
from portal.plans.models import Price
from portal.subscriptions.models import ENDED, LIVE, Status, Subscription, SubscriptionItem


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a subscription stands: what a person would call its state. `planned` is the change that waits: when, to
    which plan, by which interval."""

    status: str
    plan_key: str | None
    interval: str | None
    cancel_at: datetime | None
    seats: int | None
    planned: tuple[datetime, str | None, str | None] | None

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class SubscriptionChange:
    """What one write changed about one subscription. `before` is None for one we had not seen."""

    row: Subscription
    before: Standing | None
    after: Standing
    fields: Changes


def write(
    tenant_id: int, snapshots: Sequence[SubscriptionSnapshot], *, unpaid_since: Mapping[str, datetime]
) -> list[SubscriptionChange]:
    """Bring the tenant's subscriptions to the snapshots, which are all there are at Stripe.

    `unpaid_since` tells by subscription since when an invoice of it is unpaid. A running subscription that Stripe
    no longer knows (its customer or test clock was deleted) has ended. Returns what changed, nothing else.
    """
    rows = {
        row.stripe_id: row
        for row in db.session.scalars(
            sa.select(Subscription)
            .where(Subscription.tenant_id == tenant_id)
            .options(undefer(Subscription.stripe_object))
        )
    }
    prices = _prices(
        {item.price_stripe_id for each in snapshots for item in each.items}
        | {price for each in snapshots if each.planned for price, _quantity in each.planned.items}
    )
    changes = []
    for snapshot in reversed(snapshots):  # oldest first, so that ids follow time
        row = rows.pop(snapshot.stripe_id, None)
        before = None if row is None else standing(row)
        if row is None:
            row = Subscription(tenant_id=tenant_id, stripe_id=snapshot.stripe_id, items=[])
            db.session.add(row)
        fields = _write_one(row, snapshot, prices, unpaid_since.get(snapshot.stripe_id))
        if fields:
            changes.append(SubscriptionChange(row, before, standing(row), fields))
    for row in rows.values():
        if not row.is_ended:
            before = standing(row)
            fields = assign(row, {"status": Status.CANCELED, "ended_at": utcnow(), "problem_since_at": None})
            changes.append(SubscriptionChange(row, before, standing(row), fields))
    return changes


def standing(row: Subscription) -> Standing:
    """Return where the row stands now."""
    seat = row.item("seat")
    return Standing(
        status=str(row.status),
        plan_key=row.plan_key,
        interval=row.interval,
        cancel_at=row.ends_at,
        seats=None if seat is None else seat.quantity,
        planned=None
        if row.planned_at is None
        else (row.planned_at, row.planned_plan_key, row.planned_interval),
    )


def _prices(ids: set[str]) -> dict[str, Price]:
    if not ids:
        return {}
    return {
        row.stripe_id: row for row in db.session.scalars(sa.select(Price).where(Price.stripe_id.in_(ids)))
    }


def _write_one(
    row: Subscription,
    snapshot: SubscriptionSnapshot,
    prices: Mapping[str, Price],
    unpaid_since: datetime | None,
) -> Changes:
    licensed = [item for item in snapshot.items if not item.metered] or list(snapshot.items)
    ours = next((prices[item.price_stripe_id] for item in licensed if item.price_stripe_id in prices), None)
    troubled = snapshot.status in (Status.PAST_DUE, Status.UNPAID)
    fields = assign(
        row,
        {
            "status": snapshot.status,
            "plan_key": ours.plan_key if ours else None,
            "interval": ours.interval if ours else None,
            "currency": snapshot.currency,
            "current_period_start_at": min(item.current_period_start_at for item in licensed),
            "current_period_end_at": min(item.current_period_end_at for item in licensed),
            "cancel_at": snapshot.cancel_at,
            "cancel_at_period_end": snapshot.cancel_at_period_end,
            "canceled_at": snapshot.canceled_at,
            "ended_at": snapshot.ended_at,
            "trial_end_at": snapshot.trial_end_at,
            "schedule_stripe_id": snapshot.schedule_stripe_id,
            **_planned(snapshot, prices),
            "problem_since_at": (unpaid_since or row.problem_since_at or utcnow()) if troubled else None,
            "created_at": snapshot.created_at,
            "stripe_object": snapshot.raw,
        },
    )
    return fields | _write_items(row, snapshot.items, prices)


def _planned(snapshot: SubscriptionSnapshot, prices: Mapping[str, Price]) -> dict[str, Any]:
    planned = snapshot.planned
    known = [
        (prices[price], quantity) for price, quantity in (planned.items if planned else ()) if price in prices
    ]
    known.sort(key=lambda each: each[1] is None)  # usage may be billed in another interval than the plan
    return {
        "planned_at": planned.at if planned else None,
        "planned_plan_key": next((price.plan_key for price, _quantity in known), None),
        "planned_interval": next((price.interval for price, _quantity in known), None),
        "planned_seats": next((quantity for price, quantity in known if price.component == "seat"), None),
    }


def _write_items(
    row: Subscription, snapshots: Sequence[ItemSnapshot], prices: Mapping[str, Price]
) -> Changes:
    known = {item.stripe_id: item for item in row.items}
    changes: Changes = {}
    for snapshot in snapshots:
        item = known.pop(snapshot.stripe_id, None)
        if item is None:
            item = SubscriptionItem(tenant_id=row.tenant_id, stripe_id=snapshot.stripe_id)
            row.items.append(item)
        price = prices.get(snapshot.price_stripe_id)
        component = price.component if price else None
        changed = assign(
            item,
            {
                "price_stripe_id": snapshot.price_stripe_id,
                "component": component,
                "quantity": snapshot.quantity,
                "interval": snapshot.interval,
                "current_period_start_at": snapshot.current_period_start_at,
                "current_period_end_at": snapshot.current_period_end_at,
            },
        )
        changes |= {f"{component or snapshot.stripe_id}.{name}": pair for name, pair in changed.items()}
    for item in known.values():
        row.items.remove(item)
        changes[f"{item.component or item.stripe_id}"] = ["present", "removed"]
    return changes
