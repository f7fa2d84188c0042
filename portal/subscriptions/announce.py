"""Tells people and the audit trail what became of a subscription. Called in the transaction that wrote the change, so
that each step is told exactly once, whichever of webhook, return page or reconciler saw it first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog

from portal.audit.record import record
from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.kit.clock import utcnow
from portal.mail.send import send_mail
from portal.plans.catalog import current_catalog
from portal.subscriptions.mirror import Standing, SubscriptionChange
from portal.subscriptions.models import Status, Subscription
from portal.subscriptions.pause import pause_of
from portal.subscriptions.queries import live_subscriptions
from portal.tenants.models import Tenant
from portal.web.addresses import public_url_of

NEWS_FOR = timedelta(days=7)
"""What happened longer ago is written down, but nobody is mailed about it: after an outage or an import a person
does not want last month's news."""

OWN_CHANGE_WITHIN = timedelta(hours=1)
OWN_STEPS = {
    "cancellation_planned": ("cancel",),
    "cancellation_undone": ("resume", "change"),
    "plan_changed": ("change",),
    "change_planned": ("change", "seats", "replan"),
    "change_undone": ("keep", "change", "cancel", "pause"),
    "pause_begun": ("pause",),
    "pause_over": ("unpause",),
    "ended": ("cancel", "cancel_now"),
}
"""The kinds of intent by which an admin takes a step here."""

MAILED = {
    "started": "subscription_started",
    "plan_changed": "plan_changed",
    "cancellation_planned": "cancellation_planned",
    "cancellation_undone": "cancellation_undone",
    "change_planned": "change_planned",
    "change_undone": "change_undone",
    "pause_begun": "plan_paused",
    "pause_over": "plan_unpaused",
    "ended": "subscription_ended",
}
log = structlog.get_logger("subscriptions")


def announce(tenant: Tenant, changes: Sequence[SubscriptionChange], *, now: datetime, run: int) -> None:
    """Write audit rows and mails for what the changes mean, in the caller's transaction.

    `now` is the tenant's billing time, `run` the number of the sync: it makes once keys of steps that may come
    back. A second live subscription is logged as an error and written down: a person must look.
    """
    for change in changes:
        for step in steps(change.before, change.after):
            _tell(tenant, change, step, now=now, run=run)
    if any(change.after.is_live and not (change.before and change.before.is_live) for change in changes):
        _look_for_a_second(tenant)


def steps(before: Standing | None, after: Standing) -> list[str]:
    """Return the steps that lead from one standing to the next: started, plan_changed, cancellation_planned,
    cancellation_undone, change_planned, change_undone, pause_begun, pause_over, ended, never_started."""
    if before is not None and before.is_ended:
        return []
    was_live = before is not None and before.is_live
    if after.is_ended:
        if before is None:
            return []
        return ["ended"] if was_live else ["never_started"]
    if not after.is_live:
        return []
    found = []
    if not was_live:
        found.append("started")
    elif before is not None and (before.plan_key, before.interval) != (after.plan_key, after.interval):
        found.append("plan_changed")
    planned_before = before.cancel_at if before is not None else None
    if after.cancel_at is not None and after.cancel_at != planned_before:
        found.append("cancellation_planned")
    elif after.cancel_at is None and planned_before is not None:
        found.append("cancellation_undone")
    if before is not None and was_live:
        found += _pause_steps(before, after)
        found += _planned_steps(before, after, found)
    return found


def _pause_steps(before: Standing, after: Standing) -> list[str]:
    if (before.status == Status.PAUSED) == (after.status == Status.PAUSED):
        return []
    return ["pause_begun" if after.status == Status.PAUSED else "pause_over"]


def _planned_steps(before: Standing, after: Standing, found: Sequence[str]) -> list[str]:
    """A change that comes, or gives way to an end or a pause, is told as that."""
    if after.planned is not None and after.planned != before.planned:
        return ["change_planned"]
    instead = ("plan_changed", "cancellation_planned", "pause_begun")
    undone = before.planned is not None and after.planned is None and not set(instead) & set(found)
    return ["change_undone"] if undone else []


def _tell(tenant: Tenant, change: SubscriptionChange, step: str, *, now: datetime, run: int) -> None:
    row = change.row
    if not _is_own_change(row, step):
        record(
            f"subscription.{step}",
            tenant_id=tenant.id,
            object_type="subscription",
            object_id=row.stripe_id,
            actor="stripe",
            **_details(change, step),
        )
    happened_at = {"started": row.created_at, "ended": row.ended_at}.get(step) or now
    if step in MAILED and now - happened_at < NEWS_FOR:
        once = f"{step}:{row.stripe_id}" + ("" if step in ("started", "ended") else f":{run}")
        send_mail(
            MAILED[step], tenant.billing_email, _context(tenant, change), tenant_id=tenant.id, once_key=once
        )


def _is_own_change(row: Subscription, step: str) -> bool:
    """Tell whether an admin asked for this step here: then the audit trail names the admin already."""
    kinds = OWN_STEPS.get(step)
    if kinds is None:
        return False
    newest = db.session.scalars(
        sa.select(Intent)
        .where(
            Intent.tenant_id == row.tenant_id,
            Intent.kind.in_({kind for kinds in OWN_STEPS.values() for kind in kinds}),
            Intent.state.in_((IntentState.OPEN, IntentState.DONE)),
            Intent.created_at > utcnow() - OWN_CHANGE_WITHIN,
        )
        .order_by(Intent.id.desc())
        .limit(1)
    ).one_or_none()
    if newest is None or newest.kind not in kinds or newest.params["subscription"] != row.stripe_id:
        return False
    if newest.kind == "cancel" and step == "ended":
        return bool(newest.params.get("at_once"))
    # That a change was planned is another entry than that it came.
    wanted = {"plan_changed": "now", "change_planned": "period_end"}.get(step)
    return newest.kind != "change" or wanted in (None, newest.params["when"])


def _details(change: SubscriptionChange, step: str) -> dict[str, Any]:
    details: dict[str, Any] = {"plan": _plan_name(change.after.plan_key)}
    if step == "plan_changed" and change.before is not None:
        details |= {"before": _plan_name(change.before.plan_key), "interval": change.after.interval}
    if step in ("change_planned", "change_undone"):
        at, key, interval = (
            change.after.planned or (change.before and change.before.planned) or (None, None, None)
        )
        details |= {"plan": _plan_name(key), "interval": interval, "effective_at": at and at.isoformat()}
    if step == "cancellation_planned" and change.after.cancel_at is not None:
        details["ends_at"] = change.after.cancel_at.isoformat()
    if step == "ended":
        details["reason"] = _end_reason(change.row)
    return details


def _context(tenant: Tenant, change: SubscriptionChange) -> dict[str, Any]:
    row, before = change.row, change.before
    return {
        "tenant": tenant.name,
        "plan": _plan_name(row.plan_key),
        "plan_before": _plan_name(before.plan_key if before else None),
        "interval": row.interval,
        "next_on": _on(tenant, row.current_period_end_at),
        "trial_ends_on": _on(tenant, row.trial_end_at) if row.on_trial else None,
        "ends_on": _on(tenant, row.cancel_at),
        "planned_plan": _plan_name(row.planned_plan_key),
        "planned_interval": row.planned_interval,
        "planned_on": _on(tenant, row.planned_at),
        "paused_until": _on(tenant, pause.until) if (pause := pause_of(row)) is not None else None,
        "ended_on": _on(tenant, row.ended_at),
        "ended_unpaid": _end_reason(row) == "payment_failed",
        "link": public_url_of("subscriptions.overview", slug=tenant.slug),
        "plans_link": public_url_of("plans.compare", slug=tenant.slug),
    }


def _on(tenant: Tenant, at: datetime | None) -> date | None:
    """Return the day on the tenant's calendar: a mail is written outside any request, which would know the zone."""
    return None if at is None else at.astimezone(ZoneInfo(tenant.time_zone)).date()


def _plan_name(key: str | None) -> str:
    plan = current_catalog().plans.get(key or "")
    return plan.name if plan is not None else "current"


def _end_reason(row: Subscription) -> str | None:
    reason = (row.stripe_object.get("cancellation_details") or {}).get("reason")
    return reason if isinstance(reason, str) else None


def _look_for_a_second(tenant: Tenant) -> None:
    live = live_subscriptions(tenant.id)
    if len(live) < 2:
        return
    log.error("second_live_subscription", tenant=tenant.slug, subscriptions=[row.stripe_id for row in live])
    record(
        "subscription.second_live_found",
        tenant_id=tenant.id,
        object_type="subscription",
        object_id=live[0].stripe_id,
        actor="stripe",
        others=", ".join(row.stripe_id for row in live[1:]),
    )
