"""The console's webhook endpoints: where events go, with which mishaps, and having them delivered now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.deliveries import DeliveryMode, Order, described, mode_of, pending_count, set_mode
from portal.emulator.pages.render import page, see
from portal.emulator.pages.visit import NotHere
from portal.emulator.resources.webhook_endpoints import ENDPOINT
from portal.emulator.signing import Kind

_ORDERS: Final = {
    "in_order": "As they happened",
    "reversed": "In reverse order",
    "shuffled": "Shuffled",
}
_SIGNATURES: Final = {
    "valid": "Valid",
    "two": "Two, the first by an unknown secret",
    "stale": "Valid an hour ago",
    "wrong": "By a wrong secret",
    "missing": "No signature",
}
_NUMBERS: Final = ("shuffle_seed", "copies", "delay_seconds", "drop_first_attempts")


def index(emulator: Emulator, _request: Request) -> Response:
    """List the endpoints with how each is delivered to."""
    with emulator.store.transaction(write=False) as tx:
        endpoints = [(endpoint, described(mode_of(tx, endpoint["id"]))) for endpoint in tx.all(ENDPOINT)]
        return page(
            "console_webhooks.html",
            section="webhooks",
            endpoints=endpoints,
            pending=pending_count(tx),
            orders={name: _ORDERS[name] for name in get_args(Order)},
            signatures={name: _SIGNATURES[name] for name in get_args(Kind)},
        )


def change_mode(emulator: Emulator, request: Request, endpoint_id: str) -> Response:
    """Choose how an endpoint is delivered to from now on."""
    try:
        mode = DeliveryMode(**_mode(request.form))
        with emulator.store.transaction() as tx:
            set_mode(tx, endpoint_id, mode)
    except ValueError as error:
        raise NotHere("Not saved", str(error), status=422, link=("/console/webhooks", "Back")) from error
    return see("/console/webhooks")


def deliver(emulator: Emulator, request: Request) -> Response:
    """Send what is due now, or also what waits for a delay or a retry."""
    emulator.deliver_due(also_waiting=request.form.get("what") == "waiting")
    return see("/console/webhooks")


def _mode(posted: Mapping[str, str]) -> dict[str, Any]:
    """Read a mode; what is left blank is as usual. Raises ValueError for text where a number belongs."""
    mode: dict[str, Any] = {name: int(posted[name]) for name in _NUMBERS if posted.get(name)}
    mode |= {name: posted[name] for name in ("order", "signature") if posted.get(name)}
    if posted.get("retry_after_seconds"):
        mode["retry_after_seconds"] = int(posted["retry_after_seconds"])
    return mode
