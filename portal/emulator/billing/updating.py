"""Updating a subscription by the API: change it, invoice what is due now, and collect as `payment_behavior` says."""

from __future__ import annotations

from typing import Any

from portal.emulator.billing import records
from portal.emulator.billing.bank import judge, subscription_refusal
from portal.emulator.billing.changing import Change, prepare
from portal.emulator.billing.collecting import collect, default_method, mark_paid
from portal.emulator.billing.debits import note_invoice_lines
from portal.emulator.billing.drafting import draft_for_subscription, pending_items
from portal.emulator.billing.due import FIRST_PAYMENT_WINDOW, period_end
from portal.emulator.billing.ending import drop_waiting
from portal.emulator.billing.finalizing import finalize
from portal.emulator.billing.redemption import consume
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.billing.waiting import set_aside
from portal.emulator.events import changes, emit
from portal.emulator.resources import entitlements
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid

_CHANGES = ("billing_cycle_anchor", "items", "trial_end")
_WHILE_CANCELED = frozenset({"cancellation_details", "metadata", "expand"})


def update_subscription(tx: Transaction, sub: StripeDict, params: dict[str, Any]) -> StripeDict:
    """Update a subscription and return it. Another change takes the place of one that still waits for its payment
    (docs.stripe.com/billing/subscriptions/pending-updates).

    Raises a 400 for a subscription that has ended, and a 402 if a charge is declined under `error_if_incomplete`.
    """
    refuse_unsupported(params)
    if sub["status"] in records.GONE and params.keys() - _WHILE_CANCELED:
        raise invalid("A canceled subscription can only update its cancellation_details and metadata.")
    if any(name in params for name in _CHANGES):
        if sub["status"] == "incomplete":
            raise invalid("You cannot change the items of a subscription whose first payment is incomplete.")
        drop_waiting(tx, sub)
        sub = records.subscription(tx, sub["id"])
    change = prepare(tx, sub, params)
    invoice = draft_change(tx, change)
    behavior = params.get("payment_behavior", "allow_incomplete")
    if invoice is not None:
        emit(tx, "invoice.created", invoice)
        finalize(tx, invoice, change.now)
    if invoice is not None and behavior == "pending_if_incomplete" and not _will_be_paid(tx, invoice):
        # What renews in the meantime must not be set back to the period before.
        until = min(change.now + FIRST_PAYMENT_WINDOW, period_end(change.before))
        set_aside(tx, change, kind="update", until=until)
    else:
        announce(tx, change)
    if invoice is not None:
        collect_change(tx, change, invoice, behavior)
    return records.subscription(tx, sub["id"])


def draft_change(tx: Transaction, change: Change) -> StripeDict | None:
    """Draft the invoice of a prepared change; None if there is nothing to invoice now."""
    sub = change.sub
    if not change.invoice_now or not (change.lines or pending_items(tx, sub["customer"], sub["id"])):
        return None
    invoice = draft_for_subscription(
        tx,
        sub,
        "subscription_update",
        change.lines,
        change.now,
        since=change.since,
        proration_date=change.proration_date,
    )
    note_invoice_lines(change.notes, invoice)
    consume(tx, sub, invoice)
    sub["latest_invoice"] = invoice["id"]
    return invoice


def announce(tx: Transaction, change: Change, event: str | None = None) -> None:
    """Store a changed subscription and tell what changed, and by the event that has a name for it."""
    records.save(tx, change.sub, change.notes)
    previous = changes(change.before, change.sub)
    if previous:
        emit(tx, "customer.subscription.updated", change.sub, previous)
    if event is not None:
        emit(tx, event, change.sub)
    if previous.keys() & {"items", "status"}:
        entitlements.refresh(tx, change.sub["customer"])


def collect_change(
    tx: Transaction, change: Change, invoice: StripeDict, behavior: str = "allow_incomplete"
) -> None:
    """Collect the finalized invoice of a change, or send it. Raises a 402 if it is declined and must not be."""
    if invoice["amount_remaining"] == 0:
        mark_paid(tx, invoice)
    elif change.sub["collection_method"] == "send_invoice":
        emit(tx, "invoice.sent", invoice)
    elif behavior == "default_incomplete":
        records.change(tx, change.sub["id"], status="past_due")
    else:
        verdict = collect(tx, invoice)
        if verdict.status != "succeeded" and behavior == "error_if_incomplete":
            raise subscription_refusal(verdict)


def _will_be_paid(tx: Transaction, invoice: StripeDict) -> bool:
    if invoice["amount_remaining"] == 0:
        return True
    method = default_method(tx, invoice)
    return method is not None and judge(tx, method).status == "succeeded"
