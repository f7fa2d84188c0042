"""Changing the number of seats, with Stripe asked between transactions: quote first, then carry out that quote."""

from __future__ import annotations

from portal.gateway import current_gateway
from portal.gateway.changes import ItemEdit, preview_due_now, preview_recurring
from portal.intents.models import Intent
from portal.seats.change import store_quote, wanted_change
from portal.seats.confirm import confirm, is_valid
from portal.subscriptions.edits import without_usage
from portal.subscriptions.models import Quote
from portal.subscriptions.quotes import quote_by_id
from portal.sync.intents import carry_out
from portal.sync.look import look_first
from portal.web.unit_of_work import unit_of_work


def quote_seats(tenant_id: int, quantity: int, actor_user_id: int) -> Quote:
    """Ask Stripe what another number of seats costs, and keep the answer. Call it outside any transaction.

    Raises the refusals of `wanted_change` and the gateway's errors.
    """
    with unit_of_work():
        change = wanted_change(tenant_id, quantity)
    gateway, stripe_id = current_gateway(), change.subscription.stripe_id
    edits = [ItemEdit(item=change.item.stripe_id, quantity=quantity)]
    due_now = preview_due_now(gateway, stripe_id, edits, proration_at=change.proration_at)
    if change.subscription.usage_interval:
        edits = without_usage(change.subscription, edits)
    recurring = preview_recurring(gateway, stripe_id, edits)
    with unit_of_work():
        return store_quote(change, due_now, recurring, actor_user_id)


def confirm_seats(tenant_id: int, quote_public_id: str, actor_user_id: int) -> Intent:
    """Apply a quote at Stripe and sync. Call it outside any transaction.

    Raises the refusals of `confirm` and what `carry_out` raises.
    """
    look_first(tenant_id, lambda: is_valid(quote_by_id(tenant_id, quote_public_id, "seats")))
    with unit_of_work():
        intent = confirm(tenant_id, quote_public_id, actor_user_id)
    return carry_out(intent)
