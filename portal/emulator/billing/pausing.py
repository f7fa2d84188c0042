"""Pausing a subscription altogether (docs.stripe.com/billing/subscriptions/pause): no service and no invoices."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from portal.emulator.billing import records
from portal.emulator.billing.changing import Change
from portal.emulator.billing.ending import drop_waiting
from portal.emulator.billing.finalizing import finalize
from portal.emulator.billing.prorating import bill_usage, credit_item
from portal.emulator.billing.subscription_shape import is_metered, paused_details
from portal.emulator.billing.updating import announce, collect_change, draft_change
from portal.emulator.events import emit
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, invalid

_PAUSABLE = ("active", "past_due", "unpaid")


def pause(tx: Transaction, sub: StripeDict, params: dict[str, Any]) -> StripeDict:
    """Pause a subscription at once: no invoices until it is resumed, and its periods end here.

    Usage so far is billed and unused time credited unless `bill_for` says otherwise, as pending items or at once.
    Raises a 400 unless it is running in flexible mode, is charged automatically and has no schedule.
    """
    if sub["schedule"]:
        raise invalid("You cannot pause a subscription that is managed by a subscription schedule.")
    return pause_now(tx, sub, params)


def pause_now(tx: Transaction, sub: StripeDict, params: dict[str, Any]) -> StripeDict:
    """Pause a subscription, which its schedule may do too. Raises a 400 for one that is not running in flexible mode
    or not charged automatically.
    """
    drop_waiting(tx, sub)
    change = prepare_pause(tx, records.subscription(tx, sub["id"]), params)
    invoice = draft_change(tx, change)
    if invoice is not None:
        emit(tx, "invoice.created", invoice)
        finalize(tx, invoice, change.now)
    announce(tx, change, "customer.subscription.paused")
    if invoice is not None:
        collect_change(tx, change, invoice)
    return records.subscription(tx, sub["id"])


def prepare_pause(tx: Transaction, sub: StripeDict, params: dict[str, Any]) -> Change:
    """Pause a subscription quietly, leaving credit and usage as pending invoice items."""
    _refuse_unless_pausable(sub)
    now, notes = tx.now(sub), records.notes_of(tx, sub["id"])
    change = Change(deepcopy(sub), deepcopy(notes), sub, notes, now)
    bill_for = params.get("bill_for") or {}
    unused = bill_for.get("unused_time_from", {}).get("type", "now")
    usage = bill_for.get("outstanding_usage_through", {}).get("type", "now")
    for item in sub["items"]["data"]:
        if is_metered(item) and usage != "none":
            bill_usage(tx, sub, item, now)
        elif not is_metered(item) and unused != "none":
            since = item["current_period_start"] if unused == "item_current_period_start" else now
            credit_item(tx, sub, item, notes, since)
        item["current_period_end"] = now
    sub.update(status="paused", status_details=paused_details("pause_requested", now))
    change.invoice_now = params.get("invoicing_behavior") == "invoice"
    records.save(tx, sub, notes)
    return change


def is_pausable(sub: StripeDict) -> bool:
    """Say whether a subscription can be paused as it is."""
    try:
        _refuse_unless_pausable(sub)
    except StripeError:
        return False
    return True


def _refuse_unless_pausable(sub: StripeDict) -> None:
    if sub["billing_mode"]["type"] != "flexible":
        raise invalid("Only subscriptions with `billing_mode` type `flexible` can be paused.")
    if sub["status"] not in _PAUSABLE:
        raise invalid(f"You cannot pause a subscription with status `{sub['status']}`.")
    if sub["collection_method"] != "charge_automatically":
        raise invalid("Only subscriptions with `collection_method` `charge_automatically` can be paused.")
