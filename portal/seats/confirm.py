"""Applies a quote for seats: exactly what it says, once, or not at all."""

from __future__ import annotations

from typing import Any

import structlog

from portal.audit.record import record
from portal.gateway.changes import ItemEdit, change_items
from portal.gateway.client import Gateway
from portal.gateway.errors import GatewayRefused
from portal.gateway.schedules import plan_items
from portal.intents import write
from portal.intents.models import Intent
from portal.kit.clock import from_unix, to_unix, utcnow
from portal.seats.change import basis_of, seat_item, wanted_change
from portal.seats.limits import lock_seats
from portal.subscriptions.models import Quote
from portal.subscriptions.planned import planned_lines
from portal.subscriptions.quotes import (
    QuoteStale,
    charge_of,
    claim,
    holds,
    newest_invoice,
    note_charge,
    quote_by_id,
)
from portal.subscriptions.waiting_payment import waits

log = structlog.get_logger("seats")


def is_valid(quote: Quote) -> bool:
    """Tell whether the quote can still be confirmed: not used, not expired, resting on what is true now."""
    subscription, _item = seat_item(quote.tenant_id)
    return holds(quote, subscription, basis_of(subscription))


def confirm(tenant_id: int, public_id: str, actor_user_id: int) -> Intent:
    """Write the intent that applies a quote; call it in a unit of work and carry the intent out after it.

    Raises NotFound, QuoteUsed, ChangeUnderWay, QuoteStale, and the refusals of `wanted_change`, which are checked
    again under the lock under which seats are given.
    """
    lock_seats(tenant_id)
    quote = claim(tenant_id, public_id, "seats")
    if not is_valid(quote) or quote.proration_at is None:
        raise QuoteStale(public_id)
    change = wanted_change(tenant_id, int(quote.change["seats"]))
    quote.confirmed_at = utcnow()
    params = {
        "quote": quote.public_id,
        "subscription": change.subscription.stripe_id,
        "item": change.item.stripe_id,
        "quantity": change.quantity,
        "before": change.item.quantity,
        "proration_at": to_unix(quote.proration_at),
        "invoice_before": newest_invoice(change.subscription),
        "later": [
            (line.price, line.quantity) for line in planned_lines(change.subscription, seats=change.quantity)
        ],
        "later_interval": change.subscription.planned_interval,
    }
    return write.open_intent("seats", tenant_id, params, actor_user_id)


def call(gateway: Gateway, intent: Intent) -> dict[str, Any]:
    """Set the quantity at Stripe and report the invoice the change made, if it made one."""
    params = intent.params
    changed = change_items(
        gateway,
        params["subscription"],
        [ItemEdit(item=params["item"], quantity=params["quantity"])],
        proration_at=from_unix(params["proration_at"]),
        key=intent.idempotency_key,
    )
    if params["later"] and changed.subscription.pending_until is None:
        try:
            call_replan(gateway, intent)
        except GatewayRefused as error:
            # The seats are changed and paid for; that they were refused would be wrong.
            log.error("planned_change_not_moved", subscription=params["subscription"], reason=str(error))
    return charge_of(changed, params["invoice_before"])


def after_payment(intent: Intent) -> None:
    """Write the intent for what had to wait until the seats were paid: to move the planned change along."""
    if intent.params["later"]:
        names = ("subscription", "later", "later_interval")
        params = {name: intent.params[name] for name in names}
        write.open_intent("replan", intent.tenant_id, params, intent.actor_user_id)


def call_replan(gateway: Gateway, intent: Intent) -> dict[str, Any]:
    """Plan the coming change anew: the running phase of a schedule holds quantities too, and the coming one those of
    the day it was planned."""
    params = intent.params
    later = [(price, quantity) for price, quantity in params["later"]]
    plan_items(
        gateway, params["subscription"], later, interval=params["later_interval"], key=intent.idempotency_key
    )
    return {}


def settle(intent: Intent, result: dict[str, Any]) -> None:
    """Write down that the seats were changed, and what was charged compared with what was shown; or that the change
    waits for its payment."""
    if waits(intent, result):
        return
    write.finish(intent, result)
    quote = quote_by_id(intent.tenant_id, intent.params["quote"], "seats", lock=True)
    note_charge(quote, result)
    record(
        "seats.changed",
        tenant_id=intent.tenant_id,
        object_type="subscription",
        object_id=intent.params["subscription"],
        before=intent.params["before"],
        after=intent.params["quantity"],
        quoted=quote.due_now_amount,
        charged=quote.charged_amount,
        currency=quote.currency,
    )
