"""Completing a subscription that Checkout made without everything its plan bills: the items that are billed in another
interval than the plan are added once it is paid."""

from __future__ import annotations

from typing import Any

from portal.gateway.changes import ItemEdit, change_items
from portal.gateway.client import Gateway
from portal.intents import write
from portal.intents.models import Intent


def complete_intent(checkout: Intent, subscription: str) -> Intent:
    """Write the intent to add what a paid checkout left out, in the caller's unit of work."""
    params = {
        "subscription": subscription,
        "prices": [price for price, _quantity in checkout.params["after"]],
    }
    return write.open_intent("complete", checkout.tenant_id, params, checkout.actor_user_id)


def call(gateway: Gateway, intent: Intent) -> dict[str, Any]:
    """Add the metered items; that costs nothing now, and what is used from then on is billed."""
    edits = [ItemEdit(price=price) for price in intent.params["prices"]]
    change_items(gateway, intent.params["subscription"], edits, proration_at=None, key=intent.idempotency_key)
    return {}
