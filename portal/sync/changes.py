"""Changing the plan, with Stripe asked between transactions: quote first, then carry out that quote."""

from __future__ import annotations

from collections.abc import Collection

from portal.gateway import current_gateway
from portal.gateway.changes import preview_due_now, preview_recurring
from portal.intents.models import Intent
from portal.seats.limits import lock_seats
from portal.seats.queries import seat_holders, seats_assigned
from portal.subscriptions.change import store_quote, wanted_plan
from portal.subscriptions.checkout import Choice
from portal.subscriptions.confirm_change import change_of, confirm, keep_intent
from portal.subscriptions.models import Quote
from portal.subscriptions.quotes import quote_by_id
from portal.sync.intents import carry_out
from portal.sync.look import look_first
from portal.web.unit_of_work import unit_of_work


def quote_plan(tenant_id: int, choice: Choice, actor_user_id: int) -> Quote:
    """Ask Stripe what another plan costs, and keep the answer. Call it outside any transaction.

    Raises the refusals of `wanted_plan` and the gateway's errors.
    """
    with unit_of_work():
        change = wanted_plan(tenant_id, choice, held=seats_assigned(tenant_id))
    gateway, stripe_id = current_gateway(), change.subscription.stripe_id
    due_now = None
    if change.when == "now":
        due_now = preview_due_now(gateway, stripe_id, change.edits, proration_at=change.proration_at)
    recurring = preview_recurring(gateway, stripe_id, change.recurring_edits)
    with unit_of_work():
        return store_quote(change, due_now, recurring, actor_user_id)


def confirm_plan(
    tenant_id: int, quote_public_id: str, actor_user_id: int, *, keep: Collection[str] = ()
) -> Intent:
    """Apply a quote at Stripe and sync. Call it outside any transaction. `keep` are the public ids of the memberships
    that keep their seat where not all fit.

    Raises the refusals of `confirm` and what `carry_out` raises.
    """

    def holds() -> bool:
        quote = quote_by_id(tenant_id, quote_public_id, "change")
        return change_of(quote, held=seats_assigned(tenant_id)) is not None

    look_first(tenant_id, holds)
    with unit_of_work():
        lock_seats(tenant_id)
        holders = [each.public_id for each in seat_holders(tenant_id)]
        intent = confirm(tenant_id, quote_public_id, actor_user_id, holders=holders, keep=keep)
    return carry_out(intent)


def keep_plan(tenant_id: int, actor_user_id: int) -> Intent:
    """Take a planned change back and sync. Call it outside any transaction. Raises like `keep_intent`, `carry_out`."""
    with unit_of_work():
        lock_seats(tenant_id)
        intent = keep_intent(tenant_id, actor_user_id)
    return carry_out(intent)
