"""One table that says what a tenant may still do: subscription status and age of the problem give a level of access.
Entitlements, banners and limits all ask here. A first failed charge never locks anybody out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portal.subscriptions.models import Status, Subscription


class AccessLevel(StrEnum):
    """`full`: everything the plan gives. `warn`: the same, with a warning. `read_only`: look, but change nothing.
    `blocked`: nothing of the plan but the way to pay."""

    FULL = "full"
    WARN = "warn"
    READ_ONLY = "read_only"
    BLOCKED = "blocked"


FOR_EVER = timedelta.max


@dataclass(frozen=True, slots=True)
class _Row:
    """Access while the problem is younger than `until`; rows of a status are read from top to bottom."""

    status: Status
    until: timedelta
    level: AccessLevel


POLICY = (
    _Row(Status.TRIALING, FOR_EVER, AccessLevel.FULL),
    _Row(Status.ACTIVE, FOR_EVER, AccessLevel.FULL),
    _Row(Status.PAST_DUE, timedelta(days=14), AccessLevel.WARN),
    _Row(Status.PAST_DUE, timedelta(days=28), AccessLevel.READ_ONLY),
    _Row(Status.PAST_DUE, FOR_EVER, AccessLevel.BLOCKED),
    _Row(Status.UNPAID, timedelta(days=14), AccessLevel.READ_ONLY),
    _Row(Status.UNPAID, FOR_EVER, AccessLevel.BLOCKED),
    _Row(Status.PAUSED, FOR_EVER, AccessLevel.READ_ONLY),
)


def access_level(subscription: Subscription | None, now: datetime) -> AccessLevel:
    """Return the level of access. Without a live subscription it is the free plan's, which is full.

    `now` is the tenant's billing time. A problem whose beginning is not known counts as having begun now.
    """
    if subscription is None or not subscription.is_live:
        return AccessLevel.FULL
    since = subscription.problem_since_at
    age = timedelta(0) if since is None else now - since
    return next(
        row.level
        for row in POLICY
        if row.status == subscription.status and (age < row.until or row.until == FOR_EVER)
    )


def next_step_at(subscription: Subscription, now: datetime) -> datetime | None:
    """Return when access will be reduced further if nothing is paid; None if it will not be."""
    since = subscription.problem_since_at
    if since is None:
        return None
    return next(
        (
            since + row.until
            for row in POLICY
            if row.status == subscription.status and row.until != FOR_EVER and now < since + row.until
        ),
        None,
    )
