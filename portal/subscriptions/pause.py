"""Pausing a subscription and going on with it, where its plan allows that. A pause stops both what is given and what is
invoiced (docs.stripe.com/billing/subscriptions/pausing): use so far is charged, the rest of the period is credited."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from portal.audit.record import record
from portal.customers.queries import billing_now
from portal.extensions import db
from portal.gateway import pauses, schedules
from portal.gateway.client import Gateway
from portal.gateway.errors import GatewayRefused
from portal.intents import write
from portal.intents.models import Intent, IntentState
from portal.kit.clock import from_unix, months_later, to_unix
from portal.kit.errors import PortalError
from portal.subscriptions.models import Status, Subscription
from portal.subscriptions.queries import current_subscription, plan_for
from portal.subscriptions.quotes import refuse_while_changing

NOT_PAID = "not_paid"


class PauseNotOffered(PortalError):
    """There is no plan that can be paused now."""

    code = "pause_not_offered"
    status = 409
    public_message = "Your plan cannot be paused."


class PauseTooLong(PortalError):
    """The plan cannot be paused for so many months."""

    code = "pause_too_long"
    status = 422


class NotPaused(PortalError):
    """The plan is not paused."""

    code = "not_paused"
    status = 409
    public_message = "Your plan is not paused."


class ResumptionUnpaid(PortalError):
    """It goes on as soon as the invoice for it is paid; a second one must not be made."""

    code = "resumption_unpaid"
    status = 409
    public_message = "Your plan goes on as soon as its open invoice is paid."


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause that was asked for here. `until`: when the portal ends it by itself. `is_ending`: that was asked for,
    and the plan stays paused until the invoice for it is paid. `was_unpaid`: that invoice came to nothing, so a person
    has to ask again."""

    until: datetime
    is_ending: bool
    was_unpaid: bool


def pausable(tenant_id: int) -> tuple[Subscription, list[datetime]]:
    """Return the subscription that can be paused, and the days it may go on again, after one month and more.

    Raises PauseNotOffered for a plan that cannot be paused or is in trial, unpaid or ending, ChangeUnderWay and
    PaymentAwaited.
    """
    subscription = current_subscription(tenant_id)
    most = plan_for(subscription).pause_months
    if subscription is None or subscription.status != Status.ACTIVE or subscription.ends_at or not most:
        raise PauseNotOffered(f"tenant {tenant_id}")
    refuse_while_changing(tenant_id)
    now = billing_now(tenant_id).replace(microsecond=0)
    return subscription, [months_later(now, months) for months in range(1, most + 1)]


def pause_intent(tenant_id: int, actor_user_id: int, *, months: int) -> Intent:
    """Write the intent to pause for some months. Raises like `pausable`, and PauseTooLong."""
    subscription, ends = pausable(tenant_id)
    if not 1 <= months <= len(ends):
        raise PauseTooLong(
            str(months), public_message=f"Your plan can be paused for 1 to {len(ends)} months."
        )
    params = {
        "subscription": subscription.stripe_id,
        "schedule": subscription.schedule_stripe_id,
        "until": to_unix(ends[months - 1]),
    }
    return write.open_intent("pause", tenant_id, params, actor_user_id)


def call(gateway: Gateway, intent: Intent) -> dict[str, Any]:
    """Pause at Stripe; what was planned for the end of the period is dropped, because it does not come."""
    if intent.params["schedule"]:
        with suppress(GatewayRefused):
            schedules.release(gateway, intent.params["schedule"], key=intent.idempotency_key)
    pauses.pause(gateway, intent.params["subscription"], key=intent.idempotency_key)
    return {}


def settle(intent: Intent, result: dict[str, Any]) -> None:
    """Write down that the plan is paused, and until when."""
    write.finish(intent, result)
    record(
        "subscription.paused",
        tenant_id=intent.tenant_id,
        object_type="subscription",
        object_id=intent.params["subscription"],
        until_at=intent.params["until"],
    )


def pause_of(subscription: Subscription | None) -> Pause | None:
    """Return the pause of a subscription; None if it is not paused, or was not paused here. Asks the database only
    about a paused one."""
    if subscription is None or subscription.status != Status.PAUSED:
        return None
    begun, ending = _newest(subscription, "pause"), _newest(subscription, "unpause")
    if begun is None:
        return None
    unpaid = _newest(subscription, "unpause", (IntentState.ABANDONED,))
    return Pause(
        from_unix(begun.params["until"]),
        is_ending=ending is not None and ending.id > begun.id,
        was_unpaid=unpaid is not None and unpaid.id > begun.id and unpaid.error_code == NOT_PAID,
    )


def drop_unpaid(tenant_id: int, void: Collection[str]) -> None:
    """Take note that the invoices in `void`, for going on with a plan, will not be paid: it can be asked for again."""
    for intent in db.session.scalars(
        sa.select(Intent).where(
            Intent.tenant_id == tenant_id, Intent.kind == "unpause", Intent.state == IntentState.DONE
        )
    ):
        if (intent.result or {}).get("invoice") in void:
            write.abandon(intent, NOT_PAID)


def unpause_intent(tenant_id: int, actor_user_id: int | None) -> Intent:
    """Write the intent to go on with a paused plan. Raises NotPaused, ResumptionUnpaid, or ChangeUnderWay while it is
    being cancelled."""
    subscription = current_subscription(tenant_id)
    if subscription is None or subscription.status != Status.PAUSED:
        raise NotPaused(f"tenant {tenant_id}")
    pause = pause_of(subscription)
    if pause is not None and pause.is_ending:
        raise ResumptionUnpaid(subscription.stripe_id)
    refuse_while_changing(tenant_id, ("cancel",))
    params = {"subscription": subscription.stripe_id}
    return write.open_intent("unpause", tenant_id, params, actor_user_id)


def call_unpause(gateway: Gateway, intent: Intent) -> dict[str, Any]:
    """Go on at Stripe: a new period begins and is invoiced at once."""
    resumed = pauses.resume(gateway, intent.params["subscription"], key=intent.idempotency_key)
    is_paused = resumed.status == Status.PAUSED
    return {"is_paused": is_paused, "invoice": resumed.latest_invoice_stripe_id if is_paused else None}


def settle_unpause(intent: Intent, result: dict[str, Any]) -> None:
    """Write down that the plan goes on, or will as soon as its invoice is paid."""
    write.finish(intent, result)
    record(
        "unpause.not_paid" if result["is_paused"] else "subscription.unpaused",
        tenant_id=intent.tenant_id,
        object_type="subscription",
        object_id=intent.params["subscription"],
    )


def _newest(
    subscription: Subscription,
    kind: str,
    states: Collection[IntentState] = (IntentState.OPEN, IntentState.DONE),
) -> Intent | None:
    return next(
        (
            intent
            for intent in db.session.scalars(
                sa.select(Intent)
                .where(
                    Intent.tenant_id == subscription.tenant_id,
                    Intent.kind == kind,
                    Intent.state.in_(states),
                )
                .order_by(Intent.id.desc())
            )
            if intent.params["subscription"] == subscription.stripe_id
        ),
        None,
    )
