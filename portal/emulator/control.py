"""The emulator's own control interface under /_emulator/: JSON in, JSON out, no key, loopback only.

Tests, the demo and the console use it to reset, keep and restore the state, to make faults, to choose how webhooks
are delivered, and to have them delivered now.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import TYPE_CHECKING, Any, Final

from portal.emulator.answer import Answer, json_answer
from portal.emulator.billing.retry_schedule import billing_settings, change_billing_settings
from portal.emulator.deliveries import DeliveryMode, described, mode_of, pending_count, set_mode
from portal.emulator.events import API_VERSION
from portal.emulator.faults import Fault
from portal.emulator.instants import TEST_CLOCK
from portal.emulator.living_setting import clocks_live, set_living
from portal.emulator.resources.webhook_endpoints import ENDPOINT, ensure_endpoint, set_secret
from portal.emulator.transaction import Transaction
from portal.emulator.wire.errors import StripeError

if TYPE_CHECKING:
    from portal.emulator.app import Emulator

PREFIX: Final = "/_emulator/"
_COUNTED: Final = ("customer", "subscription", "invoice", "event", ENDPOINT, TEST_CLOCK)
Run = Callable[["Emulator", dict[str, Any]], dict[str, Any]]
Takes = Mapping[str, type | UnionType]


@dataclass(frozen=True)
class _Command:
    """What a command does, what it takes, and what of that it needs."""

    run: Run
    takes: Takes
    needs: tuple[str, ...]


_COMMANDS: Final[dict[tuple[str, str], _Command]] = {}
_FAULT: Final[Takes] = {
    "kind": str,
    "method": str,
    "path": str,
    "times": int | None,
    "seconds": int | float,
    "per_second": int,
}
_DELIVERY: Final[Takes] = {
    "endpoint": str,
    "order": str,
    "shuffle_seed": int,
    "copies": int,
    "delay_seconds": int,
    "drop_first_attempts": int,
    "retry_after_seconds": int | None,
    "signature": str,
}


def answer(emulator: Emulator, method: str, path: str, body: bytes) -> Answer:
    """Carry out one command. Answers 404 for an unknown one and 400 for bad input, each with an `error` text."""
    command = _COMMANDS.get((method, path.removeprefix(PREFIX)))
    if command is None:
        known = ", ".join(sorted(f"{verb} {PREFIX}{name}" for verb, name in _COMMANDS))
        return json_answer(404, {"error": f"Unknown command {method} {path}. There are: {known}."})
    try:
        sent = json.loads(body or b"{}")
        if not isinstance(sent, dict):
            raise ValueError("the body must be a JSON object")
        _check(sent, command)
        return json_answer(200, command.run(emulator, sent))
    except (ValueError, KeyError, TypeError, StripeError) as error:
        return json_answer(400, {"error": f"{type(error).__name__}: {error}"})


def commands() -> list[tuple[str, str, str]]:
    """Return every command as (method, path, what it does), for the documentation."""
    return sorted(
        (verb, PREFIX + name, _first_line(command.run)) for (verb, name), command in _COMMANDS.items()
    )


def _first_line(run: Run) -> str:
    return (run.__doc__ or "").split("\n")[0]


def _command(
    method: str, name: str, takes: Takes | None = None, *, needs: tuple[str, ...] = ()
) -> Callable[[Run], Run]:
    def register(run: Run) -> Run:
        _COMMANDS[(method, name)] = _Command(run, takes or {}, needs)
        return run

    return register


def _check(sent: dict[str, Any], command: _Command) -> None:
    """Raise ValueError for what the command does not take, or not in this type, and for what it needs and lacks."""
    for name, value in sent.items():
        if name not in command.takes:
            raise ValueError(f"unknown: {name}; there are {', '.join(command.takes) or 'no parameters'}")
        wanted = command.takes[name]
        # To Python a bool is an int; to nobody else.
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            raise ValueError(f"{name} is of the wrong type")
    for name in command.needs:
        if not sent.get(name):
            raise ValueError(f"missing: {name}")


@_command("GET", "state")
def _state(emulator: Emulator, _sent: dict[str, Any]) -> dict[str, Any]:
    """Tell how many objects there are, what is still to be delivered, and which faults are on."""
    with emulator.store.transaction(write=False) as tx:
        return {
            "api_version": API_VERSION,
            "now": tx.wall_now(),
            "objects": {name: tx.count(name) for name in _COUNTED},
            "pending_deliveries": pending_count(tx),
            "delivery": {
                endpoint["id"]: described(mode_of(tx, endpoint["id"])) for endpoint in tx.all(ENDPOINT)
            },
            "faults": emulator.faults.listed(),
        }


@_command("POST", "reset")
def _reset(emulator: Emulator, _sent: dict[str, Any]) -> dict[str, Any]:
    """Forget everything, faults and webhook endpoints included; settings stay, but for those of billing."""
    emulator.reset()
    return {"reset": True}


@_command("POST", "snapshot")
def _snapshot(emulator: Emulator, _sent: dict[str, Any]) -> dict[str, Any]:
    """Return the whole state as one text: {snapshot}."""
    return {"snapshot": emulator.store.snapshot()}


@_command("POST", "restore", {"snapshot": str}, needs=("snapshot",))
def _restore(emulator: Emulator, sent: dict[str, Any]) -> dict[str, Any]:
    """Replace the whole state by an earlier {snapshot}."""
    emulator.store.restore(sent["snapshot"])
    return {"restored": True}


@_command("GET", "settings")
def _settings(emulator: Emulator, _sent: dict[str, Any]) -> dict[str, Any]:
    """Tell when failed payments are tried again, what follows the last attempt, and whether clocks live."""
    with emulator.store.transaction(write=False) as tx:
        return _settings_of(tx)


@_command("POST", "settings", {"retry_days": list, "after_retries": str, "living_clocks": bool})
def _change_settings(emulator: Emulator, sent: dict[str, Any]) -> dict[str, Any]:
    """Change {retry_days: [3, 5, 7]}, {after_retries: cancel|unpaid|past_due} or {living_clocks: true|false}."""
    with emulator.store.transaction() as tx:
        if "living_clocks" in sent:
            set_living(tx, on=sent["living_clocks"])
        change_billing_settings(
            tx, retry_days=sent.get("retry_days"), after_retries=sent.get("after_retries")
        )
        return _settings_of(tx)


@_command("GET", "faults")
def _list_faults(emulator: Emulator, _sent: dict[str, Any]) -> dict[str, Any]:
    """List the faults that are on."""
    return {"faults": emulator.faults.listed()}


@_command("POST", "faults", _FAULT, needs=("kind",))
def _add_fault(emulator: Emulator, sent: dict[str, Any]) -> dict[str, Any]:
    """Switch a fault on: {kind, method, path, times, seconds, per_second}."""
    fault = emulator.faults.add(Fault(**sent))
    return {"id": fault.id, "faults": emulator.faults.listed()}


@_command("DELETE", "faults", {"id": int})
def _remove_faults(emulator: Emulator, sent: dict[str, Any]) -> dict[str, Any]:
    """Switch off the fault {id}, or all of them."""
    if "id" in sent:
        emulator.faults.remove(sent["id"])
    else:
        emulator.faults.clear()
    return {"faults": emulator.faults.listed()}


@_command("POST", "delivery", _DELIVERY)
def _set_delivery(emulator: Emulator, sent: dict[str, Any]) -> dict[str, Any]:
    """Choose how {endpoint} (left out: every one) is delivered to: {order, shuffle_seed, copies, delay_seconds,
    drop_first_attempts, retry_after_seconds, signature}; what is left out is as usual.
    """
    wanted = dict(sent)
    endpoint_id = wanted.pop("endpoint", None)
    mode = DeliveryMode(**wanted)
    with emulator.store.transaction() as tx:
        for name in [endpoint_id] if endpoint_id is not None else _endpoint_ids(tx):
            set_mode(tx, name, mode)
    return {"delivery": described(mode)}


@_command("POST", "deliver", {"also_waiting": bool})
def _deliver(emulator: Emulator, sent: dict[str, Any]) -> dict[str, Any]:
    """Send what is due now and wait for it; {also_waiting: true} also sends what waits for a delay or a retry."""
    sent_now = emulator.deliver_due(also_waiting=sent.get("also_waiting", False))
    with emulator.store.transaction(write=False) as tx:
        return {"sent": sent_now, "pending": pending_count(tx)}


@_command("POST", "webhook_endpoint", {"url": str, "secret": str}, needs=("url", "secret"))
def _webhook_endpoint(emulator: Emulator, sent: dict[str, Any]) -> dict[str, Any]:
    """Have all events sent to {url}, signed with {secret}: made if there is none for the url, else changed."""
    with emulator.store.transaction() as tx:
        endpoint = ensure_endpoint(tx, sent["url"], sent["secret"])
    return {"id": endpoint["id"], "url": endpoint["url"]}


@_command(
    "POST",
    "roll_secret",
    {"endpoint": str, "secret": str, "old_valid_for": int},
    needs=("endpoint", "secret"),
)
def _roll_secret(emulator: Emulator, sent: dict[str, Any]) -> dict[str, Any]:
    """Give {endpoint} the new {secret}; the old one signs beside it for {old_valid_for} seconds."""
    with emulator.store.transaction() as tx:
        set_secret(tx, sent["endpoint"], sent["secret"], old_valid_for=sent.get("old_valid_for", 0))
    return {"endpoint": sent["endpoint"]}


def _settings_of(tx: Transaction) -> dict[str, Any]:
    billing = billing_settings(tx)
    shown = {name: billing[name] for name in ("retry_days", "after_retries")}
    return {**shown, "living_clocks": clocks_live(tx)}


def _endpoint_ids(tx: Transaction) -> list[str]:
    return [endpoint["id"] for endpoint in tx.all(ENDPOINT)]
