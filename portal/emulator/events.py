"""Events: a snapshot of an object at the moment something happened to it, and the deliveries it is owed."""

from collections.abc import Iterable, Mapping
from typing import Any

from portal.emulator.transaction import StripeDict, Transaction

API_VERSION = "2026-10-28.endive"
# In real time, whatever time a test clock shows.
KEPT_SECONDS = 30 * 24 * 3600


def emit(
    tx: Transaction, event_type: str, obj: StripeDict, previous: Mapping[str, Any] | None = None
) -> StripeDict:
    """Record an event about `obj` as it is now, and a pending delivery for each endpoint that wants its type.

    `previous` are the old values of changed attributes (only for `*.updated`). `created` is in the time of the
    object's test clock.
    """
    data: StripeDict = {"object": obj}
    if previous is not None:
        data["previous_attributes"] = dict(previous)
    endpoints = [
        endpoint
        for endpoint in tx.all("webhook_endpoint", {"status": "enabled"})
        if wants(endpoint["enabled_events"], event_type)
    ]
    event: StripeDict = {
        "id": tx.new_id("evt"),
        "object": "event",
        "account": None,
        "api_version": API_VERSION,
        "context": None,
        "created": tx.now(obj),
        "data": data,
        "livemode": False,
        "pending_webhooks": len(endpoints),
        "request": {
            "id": tx.request.id if tx.request else None,
            "idempotency_key": tx.request.idempotency_key if tx.request else None,
        },
        "type": event_type,
    }
    tx.put(event, due_at=tx.wall_now() + KEPT_SECONDS)
    for endpoint in endpoints:
        delay = int(
            tx.private("webhook_endpoint", endpoint["id"]).get("delivery", {}).get("delay_seconds", 0)
        )
        tx.connection.execute(
            "INSERT INTO deliveries (event, endpoint, state, due_at) VALUES (?, ?, 'pending', ?)",
            (event["id"], endpoint["id"], tx.wall_now() + delay),
        )
    return event


def emit_updated(
    tx: Transaction, event_type: str, before: Mapping[str, Any], after: StripeDict
) -> StripeDict | None:
    """Record an `*.updated` event with the previous attributes; nothing if nothing changed."""
    previous = changes(before, after)
    return emit(tx, event_type, after, previous) if previous else None


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> StripeDict:
    """Return the old values of what differs: nested objects by their differing keys, lists whole."""
    previous: StripeDict = {}
    for name in before.keys() | after.keys():
        old: Any = before.get(name)
        new: Any = after.get(name)
        if old == new:
            continue
        nested = isinstance(old, dict) and isinstance(new, dict) and old.get("object") != "list"
        previous[name] = changes(old, new) if nested else old
    return dict(sorted(previous.items()))


def wants(enabled_events: Iterable[str], event_type: str) -> bool:
    """Say whether an endpoint's list of events covers a type: exactly, or by `*`."""
    return any(pattern in ("*", event_type) for pattern in enabled_events)
