"""Pausing a subscription altogether, and resuming it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from portal.emulator.billing import records
from portal.emulator.billing.changing import restart_periods
from portal.emulator.billing.collecting import collect, mark_paid
from portal.emulator.billing.debits import note_invoice_lines
from portal.emulator.billing.drafting import draft_for_subscription, pending_items
from portal.emulator.billing.finalizing import finalize
from portal.emulator.billing.lines import lines_in_advance
from portal.emulator.billing.periods import period_at
from portal.emulator.billing.prorating import bill_usage, credit_item, debit_item
from portal.emulator.billing.subscription_shape import cadence_of, is_metered, paused_details
from portal.emulator.billing.waiting import finish_resume
from portal.emulator.events import changes, emit
from portal.emulator.resources import entitlements
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid

_PAUSABLE = ("active", "past_due", "unpaid", "trialing")


def pause(tx: Transaction, sub: StripeDict, params: dict[str, Any]) -> StripeDict:
    """Pause a subscription: no invoices until it is resumed. Raises a 400 unless it is running in flexible mode and
    without a schedule.

    Usage so far is billed and unused time credited unless `bill_for` says otherwise, as pending items or at once.
    """
    if sub["billing_mode"]["type"] != "flexible":
        raise invalid("Only subscriptions with `billing_mode` type `flexible` can be paused.")
    if sub["status"] not in _PAUSABLE:
        raise invalid(f"You cannot pause a subscription with status `{sub['status']}`.")
    if sub["schedule"]:
        raise invalid("You cannot pause a subscription that is managed by a subscription schedule.")
    now = tx.now(sub)
    before, notes = deepcopy(sub), records.notes_of(tx, sub["id"])
    bill_for = params.get("bill_for") or {}
    unused = bill_for.get("unused_time_from", {}).get("type", "now")
    usage = bill_for.get("outstanding_usage_through", {}).get("type", "now")
    if sub["status"] != "trialing":
        for item in sub["items"]["data"]:
            if is_metered(item) and usage == "now":
                bill_usage(tx, sub, item, now)
            elif not is_metered(item) and unused != "none":
                since = now if unused == "now" else item["current_period_start"]
                credit_item(tx, sub, item, notes, since)
    sub.update(status="paused", status_details=paused_details("pause_requested", now))
    records.save(tx, sub, notes)
    if params.get("invoicing_behavior") == "invoice" and pending_items(tx, sub["customer"], sub["id"]):
        _invoice(tx, sub, notes, [], now)
    sub["latest_invoice"] = records.subscription(tx, sub["id"])["latest_invoice"]
    emit(tx, "customer.subscription.updated", sub, changes(before, sub))
    emit(tx, "customer.subscription.paused", sub)
    entitlements.refresh(tx, sub["customer"])
    return sub


def resume(tx: Transaction, sub: StripeDict, params: dict[str, Any]) -> StripeDict:
    """Resume a paused subscription, with a new cycle from now or in the old one.

    By default it is active once a payment was tried; under `resume_on_payment_success` it stays paused until its
    invoice is paid. Raises a 400 for a subscription that is not paused.
    """
    if sub["status"] != "paused":
        raise invalid("You can only resume a subscription with status `paused`.")
    now = tx.now(sub)
    before, notes = deepcopy(sub), records.notes_of(tx, sub["id"])
    prorate = params.get("proration_behavior", "create_prorations") != "none"
    lines: list[StripeDict] = []
    if (params.get("billing_cycle_anchor") or {}).get("type", "now") == "now":
        restart_periods(sub, now)
        lines = lines_in_advance(tx, sub, sub["items"]["data"])
    else:
        _rejoin_cycle(tx, sub, notes, now, prorate=prorate)
    invoice_now = bool(lines) or params.get("proration_behavior") == "always_invoice"
    waits = params.get("payment_behavior") == "resume_on_payment_success"
    if not waits:
        sub.update(status="active", status_details=None)
    records.save(tx, sub, notes)
    if invoice_now and (lines or pending_items(tx, sub["customer"], sub["id"])):
        _invoice(tx, sub, notes, lines, now, announce_resume=before, waits=waits)
    elif waits:
        finish_resume(tx, sub, notes)
    else:
        _announce_resume(tx, before, sub)
    return records.subscription(tx, sub["id"])


def _rejoin_cycle(tx: Transaction, sub: StripeDict, notes: StripeDict, now: int, *, prorate: bool) -> None:
    for item in sub["items"]["data"]:
        period = period_at(sub["billing_cycle_anchor"], cadence_of(item["price"]), now)
        start = now if is_metered(item) else period.start
        item.update(current_period_start=start, current_period_end=period.end)
    for item in sub["items"]["data"]:
        if prorate and not is_metered(item):
            debit_item(tx, sub, item, notes, now)


def _invoice(
    tx: Transaction,
    sub: StripeDict,
    notes: StripeDict,
    lines: list[StripeDict],
    now: int,
    *,
    announce_resume: StripeDict | None = None,
    waits: bool = False,
) -> None:
    invoice = draft_for_subscription(tx, sub, "subscription_update", lines, now)
    note_invoice_lines(notes, invoice)
    sub["latest_invoice"] = invoice["id"]
    if waits:
        notes["waiting"] = {"kind": "resume", "invoice": invoice["id"]}
    records.save(tx, sub, notes)
    emit(tx, "invoice.created", invoice)
    finalize(tx, invoice, now)
    if announce_resume is not None and not waits:
        _announce_resume(tx, announce_resume, sub)
    if invoice["amount_remaining"] == 0:
        mark_paid(tx, invoice)
    elif sub["collection_method"] == "send_invoice":
        emit(tx, "invoice.sent", invoice)
    else:
        collect(tx, invoice)


def _announce_resume(tx: Transaction, before: StripeDict, sub: StripeDict) -> None:
    emit(tx, "customer.subscription.updated", sub, changes(before, sub))
    emit(tx, "customer.subscription.resumed", sub)
    entitlements.refresh(tx, sub["customer"])
