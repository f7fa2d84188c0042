"""Changes that wait for an invoice to be paid: an update (`pending_if_incomplete`), or the end of a pause.

A change is kept aside, applied when its invoice is paid, and dropped when its time is over.
"""

from __future__ import annotations

from copy import deepcopy

from portal.emulator.billing import records
from portal.emulator.billing.changing import Change
from portal.emulator.billing.subscription_shape import item_list
from portal.emulator.events import emit, emit_updated
from portal.emulator.transaction import StripeDict, Transaction

_APPLIED = (
    "billing_cycle_anchor", "billing_cycle_anchor_config", "start_date", "status_details", "trial_end", "trial_start",
)  # fmt: skip


def set_aside(
    tx: Transaction, change: Change, *, kind: str, until: int, if_failed: str | None = None
) -> None:
    """Put a subscription back to what it was and keep the prepared change beside it until its invoice is paid.

    With `if_failed`, an attempt to pay is enough: where it fails, the change is made with that status.
    """
    before, wanted = change.before, change.sub
    records.save(tx, before, change.before_notes)
    sub = {**before, "latest_invoice": wanted["latest_invoice"]}
    sub["pending_update"] = {
        "billing_cycle_anchor": _changed(before, wanted, "billing_cycle_anchor"),
        "cancel_at_period_end": None,
        "discount": None,
        "discounts": None,
        "expires_at": until,
        "metadata": None,
        "subscription_items": wanted["items"]["data"],
        "trial_end": _changed(before, wanted, "trial_end"),
        "trial_from_plan": None,
    }
    waiting = {
        "kind": kind,
        "invoice": wanted["latest_invoice"],
        "subscription": wanted,
        "debits": change.notes["debits"],
        "if_failed": if_failed,
    }
    records.update(tx, sub, {**change.before_notes, "waiting": waiting})


def apply_update(tx: Transaction, sub: StripeDict, notes: StripeDict, status: str | None = None) -> None:
    """Make the change that waited, now that its invoice is paid; `status` instead of the one it would bring."""
    waiting = notes["waiting"]
    wanted = waiting["subscription"]
    for name in _APPLIED:
        sub[name] = wanted[name]
    sub["items"] = item_list(sub["id"], wanted["items"]["data"])
    sub["status"] = status or wanted["status"]
    sub["pending_update"] = None
    records.update(tx, sub, {**notes, "debits": waiting["debits"], "waiting": None})
    emit(tx, "customer.subscription.pending_update_applied", sub)
    if waiting["kind"] == "resume":
        emit(tx, "customer.subscription.resumed", sub)
        _tell_schedule(tx, sub)


def expire_update(tx: Transaction, sub: StripeDict) -> str:
    """Drop a change whose invoice was not paid in time; returns that invoice, which is to be voided."""
    notes = records.notes_of(tx, sub["id"])
    invoice_id = str(notes["waiting"]["invoice"])
    sub["pending_update"] = None
    records.update(tx, sub, {**notes, "waiting": None})
    emit(tx, "customer.subscription.pending_update_expired", sub)
    return invoice_id


def _tell_schedule(tx: Transaction, sub: StripeDict) -> None:
    """Note on the schedule that the resumption it planned, which waited for its payment, has come about."""
    schedule = tx.get("subscription_schedule", sub["schedule"]) if sub["schedule"] else None
    planned = schedule["pause_schedules"][0]["resume"] if schedule and schedule["pause_schedules"] else None
    if schedule is None or planned is None or planned["status"]["type"] not in ("pending", "requires_action"):
        return
    before = deepcopy(schedule)
    planned["status"] = {"error": None, "type": "succeeded"}
    tx.put(schedule)
    emit_updated(tx, "subscription_schedule.updated", before, schedule)


def _changed(before: StripeDict, after: StripeDict, name: str) -> int | None:
    return after[name] if after[name] != before[name] else None
