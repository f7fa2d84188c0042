"""Ending a subscription: at once, at the end of its period, or because nobody paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.emulator.billing import payments, records
from portal.emulator.billing.balance import change_balance
from portal.emulator.billing.cancellation import give_reason
from portal.emulator.billing.collecting import collect, mark_paid
from portal.emulator.billing.drafting import draft_for_subscription, pending_items
from portal.emulator.billing.finalizing import finalize
from portal.emulator.billing.prorating import bill_usage, credit_item
from portal.emulator.billing.settling import after_given_up
from portal.emulator.billing.subscription_shape import is_metered
from portal.emulator.billing.waiting import expire_update
from portal.emulator.events import changes, emit, emit_updated
from portal.emulator.resources import entitlements
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import missing_object


def cancel_now(tx: Transaction, sub: StripeDict, params: dict[str, Any]) -> StripeDict:
    """Cancel at once on request: usage is billed; unused time is credited if `prorate`.

    What that leaves pending is invoiced at once if `invoice_now`. Raises a 404 for a subscription that has ended.
    """
    if sub["status"] in records.GONE:
        raise missing_object("subscription", sub["id"], param="id", status=404)
    give_reason(tx, sub, params.get("cancellation_details", {}))
    notes = settle_items(tx, sub, prorate=bool(params.get("prorate")))
    sub["canceled_at"] = tx.now(sub)
    ended = end(tx, sub, "cancellation_requested", notes)
    if params.get("invoice_now"):
        _last_invoice(tx, ended)
    return records.subscription(tx, sub["id"])


def settle_set_end(tx: Transaction, sub: StripeDict) -> StripeDict:
    """Settle the items of a subscription at the instant it was set to end; returns the notes to keep."""
    return settle_items(tx, sub, prorate=records.notes_of(tx, sub["id"])["prorate_end"])


def settle_items(tx: Transaction, sub: StripeDict, *, prorate: bool) -> StripeDict:
    """Bill the usage so far and, if asked, credit unused time, as pending items; returns the notes to keep."""
    now = tx.now(sub)
    notes = records.notes_of(tx, sub["id"])
    if sub["status"] in ("trialing", "incomplete", "paused"):
        return notes
    for item in sub["items"]["data"]:
        if is_metered(item):
            bill_usage(tx, sub, item, now)
        elif prorate:
            credit_item(tx, sub, item, notes, now)
    return notes


def end_on_schedule(tx: Transaction, sub: StripeDict) -> None:
    """End a subscription at the instant it was set to; usage, pending items and credit still get their invoice."""
    notes = settle_set_end(tx, sub)
    ended = end(tx, sub, "cancellation_requested", notes)
    _last_invoice(tx, ended)


def end_unpaid(tx: Transaction, sub: StripeDict) -> None:
    """End a subscription whose invoice could not be collected."""
    sub["canceled_at"] = tx.now(sub)
    end(tx, sub, "payment_failed", records.notes_of(tx, sub["id"]))


def end(tx: Transaction, sub: StripeDict, reason: str, notes: StripeDict) -> StripeDict:
    """Put a subscription into its last state, stop collecting its invoices and announce it."""
    now = tx.now(sub)
    _release_schedule(tx, sub)
    sub.update(
        status="canceled", ended_at=now, pause_collection=None, pending_update=None, status_details=None
    )
    sub["canceled_at"] = sub["canceled_at"] or now
    sub["cancellation_details"]["reason"] = sub["cancellation_details"]["reason"] or reason
    records.save(tx, sub, {**notes, "debits": [], "waiting": None})
    emit(tx, "customer.subscription.deleted", sub)
    stop_collecting(tx, {"subscription": sub["id"]})
    entitlements.refresh(tx, sub["customer"])
    return sub


def stop_collecting(tx: Transaction, whose: Mapping[str, str]) -> None:
    """Leave the drafts and open invoices of a subscription or a customer as they are: time does nothing to them."""
    for invoice in tx.all("invoice", {**whose, "status": ["draft", "open"]}):
        before = dict(invoice)
        invoice.update(auto_advance=False, next_payment_attempt=None, automatically_finalizes_at=None)
        tx.put(invoice, due_at=None)
        emit_updated(tx, "invoice.updated", before, invoice)


def end_for_customer(tx: Transaction, customer_id: str) -> None:
    """End whatever would go on billing a customer who is being deleted."""
    for sub in tx.all("subscription", {"customer": customer_id}):
        if sub["status"] not in records.GONE:
            cancel_now(tx, sub, {})
    for schedule in tx.all("subscription_schedule", {"customer": customer_id, "status": "not_started"}):
        cancel_schedule(tx, schedule)
    stop_collecting(tx, {"customer": customer_id})


def cancel_schedule(tx: Transaction, schedule: StripeDict) -> None:
    """Cancel a schedule, whatever becomes of its subscription."""
    schedule.update(status="canceled", canceled_at=tx.now(schedule), current_phase=None)
    tx.put(schedule, due_at=None)
    emit(tx, "subscription_schedule.canceled", schedule)


def expire_incomplete(tx: Transaction, sub: StripeDict) -> None:
    """Give up a subscription whose first payment was not completed in time, and void its invoice."""
    before = records.subscription(tx, sub["id"])
    sub.update(status="incomplete_expired", ended_at=tx.now(sub))
    records.save(tx, sub)
    emit(tx, "customer.subscription.updated", sub, changes(before, sub))
    invoice = tx.get("invoice", sub["latest_invoice"]) if sub["latest_invoice"] else None
    if invoice is not None and invoice["status"] == "open":
        void(tx, invoice)


def drop_waiting(tx: Transaction, sub: StripeDict) -> None:
    """Drop a change that waits for its payment, if there is one, and void the invoice for it."""
    if sub["pending_update"] is None:
        return
    invoice = tx.get("invoice", expire_update(tx, sub))
    if invoice is not None and invoice["status"] == "open":
        void(tx, invoice)


def void(tx: Transaction, invoice: StripeDict) -> None:
    """Void an open or uncollectible invoice: its payment intent is canceled, and what the balance did to it undone."""
    give_up(tx, invoice, "void", "voided_at", "invoice.voided")
    _return_balance(tx, invoice)
    intent = payments.invoice_intent(tx, invoice["id"])
    if intent is not None and intent["status"] != "succeeded":
        payments.cancel_intent(tx, intent, "void_invoice")


def _return_balance(tx: Transaction, invoice: StripeDict) -> None:
    applied = invoice["starting_balance"] - (invoice["ending_balance"] or 0)
    customer = tx.get("customer", invoice["customer"])
    if applied and customer is not None and not customer.get("deleted"):
        change_balance(
            tx,
            invoice["customer"],
            applied,
            "unapplied_from_invoice",
            currency=invoice["currency"],
            invoice=invoice["id"],
        )


def give_up(tx: Transaction, invoice: StripeDict, status: str, moment: str, event: str) -> None:
    """Put an invoice into a state in which nobody tries to collect it."""
    before = tx.get("invoice", invoice["id"])
    assert before is not None, invoice["id"]
    invoice.update(status=status, auto_advance=False, next_payment_attempt=None)
    if status == "void":
        invoice["amount_remaining"] = 0
    invoice["status_transitions"][moment] = tx.now(invoice)
    tx.put(invoice, due_at=None)
    emit_updated(tx, "invoice.updated", before, invoice)
    emit(tx, event, invoice)
    after_given_up(tx, invoice)


def _last_invoice(tx: Transaction, sub: StripeDict) -> None:
    if not pending_items(tx, sub["customer"], sub["id"]):
        return
    now = tx.now(sub)
    start = min(item["current_period_start"] for item in sub["items"]["data"])
    invoice = draft_for_subscription(tx, sub, "subscription_cycle", [], now, since=start)
    sub["latest_invoice"] = invoice["id"]
    records.save(tx, sub)
    emit(tx, "invoice.created", invoice)
    finalize(tx, invoice, now)
    if invoice["amount_remaining"] == 0:
        mark_paid(tx, invoice)
    elif sub["collection_method"] == "send_invoice":
        emit(tx, "invoice.sent", invoice)
    else:
        collect(tx, invoice)


def _release_schedule(tx: Transaction, sub: StripeDict) -> None:
    schedule = tx.get("subscription_schedule", sub["schedule"]) if sub["schedule"] else None
    if schedule is not None and schedule["status"] in ("active", "not_started"):
        cancel_schedule(tx, schedule)
