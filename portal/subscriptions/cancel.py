"""Ending a subscription at the end of its period, and taking that back."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from portal.audit.record import record
from portal.gateway import schedules, subscriptions
from portal.gateway.client import Gateway
from portal.gateway.errors import GatewayRefused
from portal.intents import write
from portal.intents.models import Intent
from portal.kit.errors import PortalError
from portal.subscriptions.models import Status, Subscription
from portal.subscriptions.queries import current_subscription
from portal.subscriptions.quotes import refuse_while_changing
from portal.web.filters import day

LONGEST_REASON = 500


class NothingToCancel(PortalError):
    """There is no live subscription."""

    code = "nothing_to_cancel"
    status = 409
    public_message = "You have no paid plan, so there is nothing to cancel or to resume."


class AlreadyEnding(PortalError):
    """The end is planned already."""

    code = "already_ending"
    status = 409
    public_message = "Your plan has already been cancelled and ends with its current period."


class NotEnding(PortalError):
    """No end is planned that could be taken back."""

    code = "not_ending"
    status = 409
    public_message = "Your plan is not cancelled, so there is nothing to resume."


def cancellable(tenant_id: int) -> Subscription:
    """Return the subscription that can be cancelled. Raises NothingToCancel or AlreadyEnding."""
    subscription = current_subscription(tenant_id)
    if subscription is None or not subscription.is_live:
        raise NothingToCancel(f"tenant {tenant_id}")
    if subscription.ends_at is not None:
        raise AlreadyEnding(
            subscription.stripe_id,
            public_message=f"Your plan has already been cancelled. It ends on {day(subscription.ends_at)}.",
        )
    return subscription


def cancel_intent(tenant_id: int, actor_user_id: int, *, reason: str = "") -> Intent:
    """Write the intent to end the subscription with its period, or at once if it is paused: then no period runs that
    it could end with. Raises NothingToCancel, AlreadyEnding, or ChangeUnderWay while it is being cancelled or paused or
    goes on."""
    subscription = cancellable(tenant_id)
    refuse_while_changing(tenant_id, ("cancel", "pause", "unpause"))
    params = {
        "subscription": subscription.stripe_id,
        "cancel": True,
        "reason": reason[:LONGEST_REASON],
        "schedule": subscription.schedule_stripe_id,
        "at_once": subscription.status == Status.PAUSED,
    }
    return write.open_intent("cancel", tenant_id, params, actor_user_id)


def resume_intent(tenant_id: int, actor_user_id: int) -> Intent:
    """Write the intent to take a planned end back. Raises NothingToCancel or NotEnding."""
    subscription = current_subscription(tenant_id)
    if subscription is None or not subscription.is_live:
        raise NothingToCancel(f"tenant {tenant_id}")
    if subscription.ends_at is None:
        raise NotEnding(subscription.stripe_id)
    params = {"subscription": subscription.stripe_id, "cancel": False}
    return write.open_intent("resume", tenant_id, params, actor_user_id)


def call(gateway: Gateway, intent: Intent) -> dict[str, Any]:
    """Plan the end at Stripe, end it at once, or take a planned end back."""
    if intent.params.get("at_once"):
        comment = f"{intent.params['reason']} ({intent.public_id})"
        ended = subscriptions.cancel_now(
            gateway, intent.params["subscription"], prorate=False, comment=comment
        )
        return {"cancel_at": ended.ended_at.isoformat() if ended.ended_at else None}
    if intent.params.get("schedule"):
        # Stripe plans no end for a subscription that a schedule governs, and a change after the end is none.
        with suppress(GatewayRefused):
            schedules.release(gateway, intent.params["schedule"], key=intent.idempotency_key)
    changed = subscriptions.set_cancel_at_period_end(
        gateway,
        intent.params["subscription"],
        cancel=intent.params["cancel"],
        key=intent.idempotency_key,
    )
    return {"cancel_at": changed.cancel_at.isoformat() if changed.cancel_at else None}


def settle(intent: Intent, result: dict[str, Any]) -> None:
    """Write down what was done, with the reason the person gave."""
    write.finish(intent, result)
    details = {"reason": intent.params["reason"]} if intent.params.get("reason") else {}
    record(
        "subscription.cancelled" if intent.params["cancel"] else "subscription.resumed",
        tenant_id=intent.tenant_id,
        object_type="subscription",
        object_id=intent.params["subscription"],
        ends_at=result["cancel_at"],
        **details,
    )
