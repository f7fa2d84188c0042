"""The console's event log: what happened, what was sent to whom and how they answered, and sending again."""

from __future__ import annotations

import json
from collections.abc import Iterable

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.deliveries import attempts_of, deliveries_of, resend
from portal.emulator.pages.render import page, see
from portal.emulator.pages.visit import NotHere
from portal.emulator.transaction import StripeDict, Transaction

_PER_PAGE = 50
_FAMILIES = ("failed", "pending", "delivered")


def index(emulator: Emulator, request: Request) -> Response:
    """List events, newest first, of one type or family of types (`invoice.*`) if asked."""
    wanted = request.args.get("type", "")
    with emulator.store.transaction(write=False) as tx:
        known = _types(tx)
        where = {"type": [name for name in known if _covers(wanted, name)]} if wanted else None
        listed = tx.list("event", where, limit=_PER_PAGE, starting_after=request.args.get("after"))
        return page(
            "console_events.html",
            section="events",
            events=[(event, delivery_state(tx, event["id"]), _about(event)) for event in listed.items],
            types=known,
            families=sorted({name.rpartition(".")[0] + ".*" for name in known}),
            wanted=wanted,
            older=listed.items[-1]["id"] if listed.has_more else None,
        )


def show(emulator: Emulator, _request: Request, event_id: str) -> Response:
    """Show an event as it was sent, with every attempt to deliver it."""
    with emulator.store.transaction(write=False) as tx:
        event = _load(tx, event_id)
        endpoints = {endpoint["id"]: endpoint["url"] for endpoint in tx.all("webhook_endpoint")}
        return page(
            "console_event.html",
            section="events",
            event=event,
            payload=json.dumps(event, indent=2, ensure_ascii=False),
            endpoints=endpoints,
            deliveries=deliveries_of(tx, event_id),
            attempts=attempts_of(tx, event_id),
        )


def send_again(emulator: Emulator, request: Request, event_id: str) -> Response:
    """Send an event once more to one endpoint, at once."""
    with emulator.store.transaction() as tx:
        _load(tx, event_id)
        endpoint = tx.get("webhook_endpoint", request.form.get("endpoint", ""))
        if endpoint is None:
            raise NotHere(
                "Endpoint not found",
                "This endpoint was deleted.",
                link=(f"/console/events/{event_id}", "Back"),
            )
        resend(tx, event_id, endpoint["id"])
    emulator.deliver_due()
    return see(f"/console/events/{event_id}")


def delivery_state(tx: Transaction, event_id: str) -> str | None:
    """Say how an event's deliveries stand, the worst first; None if nobody wants it."""
    states = {entry["state"] for entry in deliveries_of(tx, event_id)}
    return next((state for state in _FAMILIES if state in states), None)


def _load(tx: Transaction, event_id: str) -> StripeDict:
    event = tx.get("event", event_id)
    if event is None:
        raise NotHere("Event not found", "There is no such event.", link=("/console/events", "All events"))
    return event


def _about(event: StripeDict) -> StripeDict:
    """Name what an event is about: the object's id (a preview has none) and its customer, if any."""
    obj = event["data"]["object"]
    customer = obj["id"] if obj["object"] == "customer" else obj.get("customer")
    return {"id": obj.get("id", ""), "customer": customer if isinstance(customer, str) else None}


def _types(tx: Transaction) -> list[str]:
    rows: Iterable[tuple[str]] = tx.connection.execute(
        "SELECT DISTINCT json_extract(body, '$.type') FROM objects WHERE object = 'event'"
    )
    return sorted(name for (name,) in rows)


def _covers(wanted: str, name: str) -> bool:
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted
