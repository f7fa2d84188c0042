"""Notes that a checkout was paid, from the subscription it made: nobody may come back from Stripe's page, and what
Checkout left out must not wait until the page would have run out."""

from __future__ import annotations

from collections.abc import Sequence

from portal.gateway.snapshots import SubscriptionSnapshot
from portal.intents.models import IntentState
from portal.intents.queries import unfinished_checkout
from portal.jobs.queue import mark
from portal.subscriptions.mirror import SubscriptionChange


def look_at_checkout(
    tenant_id: int, changes: Sequence[SubscriptionChange], snapshots: Sequence[SubscriptionSnapshot]
) -> None:
    """Mark the job that settles the tenant's waiting checkout if a subscription of it has appeared and lacks
    something; in the transaction that writes the picture."""
    fresh = {each.row.stripe_id for each in changes if each.after.is_live and each.before is None}
    made_by = {each.metadata.get("intent") for each in snapshots if each.stripe_id in fresh}
    if not made_by:
        return
    intent = unfinished_checkout(tenant_id)
    if intent is None or intent.state != IntentState.WAITING or intent.public_id not in made_by:
        return
    if intent.params["after"]:
        mark("checkout.settle", f"checkout.settle:{intent.public_id}", {"intent_id": intent.id})
