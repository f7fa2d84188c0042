"""Applies a quote for another plan: exactly what it says, now or planned for the period's end, once, or not at all. And
takes a planned change back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

from portal.audit.record import record
from portal.gateway import schedules, subscriptions
from portal.gateway.changes import ItemEdit, change_items
from portal.gateway.client import Gateway
from portal.gateway.errors import GatewayRefused
from portal.intents import write
from portal.intents.models import Intent
from portal.kit.clock import from_unix, to_unix, utcnow
from portal.kit.errors import Conflict, PortalError
from portal.plans.catalog import current_catalog
from portal.subscriptions.change import PlanChange, wanted_plan, who_loses
from portal.subscriptions.checkout import Choice
from portal.subscriptions.models import Quote
from portal.subscriptions.queries import current_subscription
from portal.subscriptions.quotes import (
    QuoteStale,
    charge_of,
    claim,
    holds,
    newest_invoice,
    note_charge,
    quote_by_id,
    refuse_while_changing,
)
from portal.subscriptions.waiting_payment import waits


class NothingPlanned(Conflict):
    """No change is planned that could be taken back."""

    code = "nothing_planned"
    public_message = "No change of your plan is planned."


def choice_of(quote: Quote) -> Choice:
    """Return what was chosen, to quote it again."""
    return Choice(quote.change["plan"], quote.change["interval"], quote.change["seats"] or 1)


def change_of(quote: Quote, *, held: int) -> PlanChange | None:
    """Return the change a quote stands for if it can still be confirmed, else None."""
    if quote.confirmed_at is not None:
        return None
    try:
        change = wanted_plan(quote.tenant_id, choice_of(quote), held=held)
    except PortalError:
        return None
    return change if holds(quote, change.subscription, change.basis) else None


def confirm(
    tenant_id: int, public_id: str, actor_user_id: int, *, holders: Sequence[str], keep: Collection[str] = ()
) -> Intent:
    """Write the intent that applies a quote; call it in a unit of work with the seats locked. `holders` are the public
    ids of all memberships with a seat, `keep` those who shall keep theirs where not all fit.

    Raises NotFound, QuoteUsed, ChangeUnderWay, PaymentAwaited, QuoteStale or SeatsToChoose.
    """
    quote = claim(tenant_id, public_id, "change")
    plan = current_catalog().plans.get(quote.change["plan"])
    if plan is None:
        raise QuoteStale(public_id)
    release = who_loses(plan.name, quote.change["capacity"], holders, keep)
    change = change_of(quote, held=len(holders))
    if change is None:
        raise QuoteStale(public_id)
    quote.confirmed_at = utcnow()
    params = {
        **quote.change,
        "release": release,
        "quote": quote.public_id,
        "quantity": quote.change["seats"] if change.when == "now" else None,
        "proration_at": to_unix(quote.proration_at) if quote.proration_at else None,
        "invoice_before": newest_invoice(change.subscription),
    }
    return write.open_intent("change", tenant_id, params, actor_user_id)


def call(gateway: Gateway, intent: Intent) -> dict[str, Any]:
    """Change the subscription now and let go of what was planned before, or plan the change."""
    params, key = intent.params, intent.idempotency_key
    stripe_id = params["subscription"]
    if params["when"] == "now":
        changed = change_items(
            gateway,
            stripe_id,
            [ItemEdit(**edit) for edit in params["edits"]],
            proration_at=from_unix(params["proration_at"]) if params["proration_at"] else None,
            key=key,
            keep_going=params["keep_going"],
        )
        if params["schedule"] and changed.subscription.pending_until is None:
            # Only after the change: had the card been declined, the planned change would still stand.
            with suppress(GatewayRefused):
                schedules.release(gateway, params["schedule"], key=key)
        return charge_of(changed, params["invoice_before"])
    if params["keep_going"]:
        subscriptions.set_cancel_at_period_end(gateway, stripe_id, cancel=False, key=f"{key}-resume")
    at = schedules.plan_items(
        gateway, stripe_id, [(price, quantity) for price, quantity in params["later"]],
        interval=params["interval"], key=key,
    )  # fmt: skip
    return {"invoice": None, "charged": 0, "effective": to_unix(at)}


def settle(intent: Intent, result: dict[str, Any]) -> None:
    """Write down that the plan was changed or will be, and what was charged compared with what was shown; or that it
    waits for its payment."""
    if waits(intent, result):
        return
    write.finish(intent, result)
    params = intent.params
    quote = quote_by_id(intent.tenant_id, params["quote"], "change", lock=True)
    note_charge(quote, result)
    details: dict[str, Any] = {
        "before": _name(params["before"]["plan"]),
        "interval_before": params["before"]["interval"],
        "seats_before": params["before"]["seats"],
        "plan": _name(params["plan"]),
        "interval": params["interval"],
        "seats": params["seats"],
        "quoted": quote.due_now_amount,
        "charged": quote.charged_amount,
        "currency": quote.currency,
    }
    planned = params["when"] != "now"
    if planned:
        details["effective_at"] = result["effective"]
    record(
        "change.planned" if planned else "change.made",
        tenant_id=intent.tenant_id,
        object_type="subscription",
        object_id=params["subscription"],
        **details,
    )


def after_payment(intent: Intent) -> None:
    """Write the intents for what had to wait until the change was paid: that a planned end is taken back, and that
    what was planned before is let go."""
    params = intent.params
    if params["keep_going"]:
        write.open_intent(
            "resume",
            intent.tenant_id,
            {"subscription": params["subscription"], "cancel": False},
            intent.actor_user_id,
        )
    if params["schedule"]:
        keep = {
            "subscription": params["subscription"],
            "schedule": params["schedule"],
            "plan": _name(params["before"]["plan"]),
        }
        write.open_intent("keep", intent.tenant_id, keep, intent.actor_user_id)


def keep_intent(tenant_id: int, actor_user_id: int) -> Intent:
    """Write the intent to take the planned change back. Raises NoPlanToChange, NothingPlanned or ChangeUnderWay."""
    subscription = current_subscription(tenant_id)
    if subscription is None or subscription.planned_at is None or subscription.schedule_stripe_id is None:
        raise NothingPlanned(f"tenant {tenant_id}")
    refuse_while_changing(tenant_id)
    params = {
        "subscription": subscription.stripe_id,
        "schedule": subscription.schedule_stripe_id,
        "plan": _name(subscription.planned_plan_key),
    }
    return write.open_intent("keep", tenant_id, params, actor_user_id)


def call_keep(gateway: Gateway, intent: Intent) -> dict[str, Any]:
    """Let go of the schedule."""
    schedules.release(gateway, intent.params["schedule"], key=intent.idempotency_key)
    return {}


def settle_keep(intent: Intent, result: dict[str, Any]) -> None:
    """Write down that the planned change was taken back."""
    write.finish(intent, result)
    record(
        "change.taken_back",
        tenant_id=intent.tenant_id,
        object_type="subscription",
        object_id=intent.params["subscription"],
        plan=intent.params["plan"],
    )


def _name(plan_key: str | None) -> str:
    plan = current_catalog().plans.get(plan_key or "")
    return plan.name if plan is not None else "another"
