"""Ending a subscription at once, for staff: a second one that appeared beside the first, an account that is closed. An
admin of a tenant ends it with its period instead (`cancel`)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from portal.audit.record import record
from portal.extensions import db
from portal.gateway import subscriptions
from portal.gateway.client import Gateway
from portal.intents import write
from portal.intents.models import Intent, IntentState
from portal.kit.errors import NotFound, PortalError
from portal.subscriptions.cancel import LONGEST_REASON, NothingToCancel
from portal.subscriptions.models import Subscription
from portal.subscriptions.quotes import newest_invoice


class ReasonMissing(PortalError):
    """Nobody could tell later why it was done."""

    code = "reason_missing"
    status = 422
    public_message = "Please say why the plan is ended at once."


def cancel_now_intent(
    tenant_id: int,
    actor_user_id: int | None,
    *,
    subscription: str,
    reason: str,
    actor: str | None = None,
    prorate: bool = False,
) -> Intent:
    """Write the intent to end the tenant's subscription `subscription` (its Stripe id) at once, and return it; while
    the outcome of an earlier one is not known, that one.

    What was used so far is charged on a last invoice. `prorate` credits the rest of the period to the customer's
    balance; nothing is ever paid back to a card. `actor` is named in the audit trail instead of the signed-in user.
    Raises NotFound for another tenant's, NothingToCancel if it is not live, ReasonMissing.
    """
    row = db.session.scalars(
        sa.select(Subscription).where(
            Subscription.tenant_id == tenant_id, Subscription.stripe_id == subscription
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"subscription {subscription!r} of tenant {tenant_id}")
    if not row.is_live:
        raise NothingToCancel(subscription, public_message="This plan has ended already.")
    if not reason.strip():
        raise ReasonMissing(subscription)
    for open_one in db.session.scalars(
        sa.select(Intent).where(
            Intent.tenant_id == tenant_id, Intent.kind == "cancel_now", Intent.state == IntentState.OPEN
        )
    ):
        if open_one.params["subscription"] == subscription:
            return open_one
    params = {
        "subscription": subscription,
        "reason": reason.strip()[:LONGEST_REASON],
        "prorate": prorate,
        "actor": actor,
        "plan": row.plan_key,
        "invoice_before": newest_invoice(row),
    }
    return write.open_intent("cancel_now", tenant_id, params, actor_user_id)


def call(gateway: Gateway, intent: Intent) -> dict[str, Any]:
    """End it at Stripe and report the last invoice, if there is one."""
    params = intent.params
    ended = subscriptions.cancel_now(
        gateway,
        params["subscription"],
        prorate=params["prorate"],
        comment=f"{params['reason']} ({intent.public_id})",
    )
    last = ended.latest_invoice_stripe_id
    return {
        "ended_at": ended.ended_at.isoformat() if ended.ended_at else None,
        "invoice": last if last != params["invoice_before"] else None,
    }


def settle(intent: Intent, result: dict[str, Any]) -> None:
    """Write down that it was ended, by whom and why."""
    write.finish(intent, result)
    record(
        "subscription.cancelled_now",
        tenant_id=intent.tenant_id,
        object_type="subscription",
        object_id=intent.params["subscription"],
        actor=intent.params["actor"],
        reason=intent.params["reason"],
        ended_at=result["ended_at"],
        invoice=result["invoice"],
        credited=intent.params["prorate"],
    )
