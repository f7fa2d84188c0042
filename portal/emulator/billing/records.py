"""Reading and writing subscriptions: the object, its items, the engine's own notes beside it, and its due instant."""

from __future__ import annotations

from typing import Any

from portal.emulator.billing.due import next_due
from portal.emulator.events import changes, emit
from portal.emulator.resources import entitlements
from portal.emulator.transaction import StripeDict, Transaction

GONE = ("canceled", "incomplete_expired")


def subscription(tx: Transaction, subscription_id: str) -> StripeDict:
    """Load a subscription that is known to exist."""
    found = tx.get("subscription", subscription_id)
    assert found is not None, subscription_id
    return found


def notes_of(tx: Transaction, subscription_id: str) -> StripeDict:
    """Load what the engine remembers about a subscription: debits, notices sent, an update waiting for money, and
    whether its set end credits unused time.
    """
    notes: StripeDict = {
        "debits": [],
        "upcoming_for": None,
        "trial_notice_for": None,
        "waiting": None,
        "prorate_end": False,
    }
    return {**notes, **tx.private("subscription", subscription_id)}


def save(tx: Transaction, sub: StripeDict, notes: StripeDict | None = None) -> None:
    """Write a subscription with its items, and set the instant at which something is due next."""
    notes = notes_of(tx, sub["id"]) if notes is None else notes
    tx.put(sub, due_at=next_due(sub, notes), private=notes)
    kept = {item["id"] for item in sub["items"]["data"]}
    for known in tx.all("subscription_item", {"subscription": sub["id"]}):
        if known["id"] not in kept:
            tx.delete("subscription_item", known["id"])
    for item in sub["items"]["data"]:
        tx.put(item)


def update(
    tx: Transaction,
    sub: StripeDict,
    notes: StripeDict | None = None,
    event: str = "customer.subscription.updated",
) -> None:
    """Write a changed subscription and tell the world, with what changed; silent if nothing did."""
    before = subscription(tx, sub["id"])
    save(tx, sub, notes)
    previous = changes(before, sub)
    if not previous:
        return
    emit(tx, event, sub, previous if event.endswith(".updated") else None)
    if previous.keys() & {"status", "items"}:
        entitlements.refresh(tx, sub["customer"])


def change(tx: Transaction, subscription_id: str, **fields: Any) -> StripeDict:
    """Set fields of a subscription as it stands now, and tell the world."""
    sub = subscription(tx, subscription_id)
    sub.update(fields)
    update(tx, sub)
    return sub
