"""Takes seats back when a change of plan that was made here comes with fewer: from those who were not chosen to keep
theirs, then, should somebody have taken one in between, from whoever has it shortest."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.seats.limits import limit_under, lock_seats
from portal.seats.models import SeatAssignment
from portal.seats.release import release_seat
from portal.subscriptions.models import Subscription
from portal.tenants.models import Membership


def give_way(subscription: Subscription) -> int:
    """Release the seats that a changed subscription no longer has, and return how many. Call it in the transaction
    that writes the change, after it was flushed.

    Does nothing for a change that was not made here: nobody chose who keeps a seat, so the seats page says that there
    are too many.
    """
    tenant_id = subscription.tenant_id
    change = _change_to(subscription)
    if change is None:
        return 0
    lock_seats(tenant_id)
    held = _held(tenant_id)
    excess = len(held) - limit_under(subscription, tenant_id)
    if excess <= 0:
        return 0
    going = list(_going(held, change.params.get("release") or [], excess))
    for membership_id in going:
        release_seat(tenant_id, membership_id, None)
    return len(going)


def _going(held: list[tuple[int, str]], release: list[str], excess: int) -> Iterator[int]:
    """Go through who loses a seat: whoever was told so, and then the shortest holders until the rest fits."""
    told = [membership_id for membership_id, public_id in held if public_id in release]
    yield from told
    others = [membership_id for membership_id, public_id in held if public_id not in release]
    yield from others[: max(excess - len(told), 0)]


def _held(tenant_id: int) -> list[tuple[int, str]]:
    """Memberships with a seat, the newest assignment first."""
    rows = db.session.execute(
        sa.select(Membership.id, Membership.public_id)
        .join(SeatAssignment, SeatAssignment.membership_id == Membership.id)
        .where(SeatAssignment.tenant_id == tenant_id)
        .order_by(SeatAssignment.assigned_at.desc(), SeatAssignment.id.desc())
    )
    return [(row.id, row.public_id) for row in rows]


def _change_to(subscription: Subscription) -> Intent | None:
    """The newest change that was asked for here, if it is the one that has come."""
    newest = db.session.scalars(
        sa.select(Intent)
        .where(
            Intent.tenant_id == subscription.tenant_id,
            Intent.kind == "change",
            Intent.state.in_((IntentState.OPEN, IntentState.WAITING, IntentState.DONE)),
        )
        .order_by(Intent.id.desc())
        .limit(1)
    ).one_or_none()
    if newest is None or newest.params["subscription"] != subscription.stripe_id:
        return None
    has_come = (newest.params["plan"], newest.params["interval"]) == (
        subscription.plan_key,
        subscription.interval,
    )
    return newest if has_come else None
