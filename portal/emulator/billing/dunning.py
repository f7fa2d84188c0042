"""What time does to invoices: drafts are finalized, open ones collected and tried again, unpaid ones given up."""

from __future__ import annotations

from portal.emulator.billing import records
from portal.emulator.billing.agenda import when_due
from portal.emulator.billing.balance import set_delinquent
from portal.emulator.billing.collecting import collect, mark_paid
from portal.emulator.billing.due import HOUR
from portal.emulator.billing.ending import end_unpaid
from portal.emulator.billing.finalizing import finalize
from portal.emulator.billing.invoice_shape import subscription_of
from portal.emulator.billing.renewing import finalize_paused
from portal.emulator.billing.retry_schedule import billing_settings
from portal.emulator.events import emit
from portal.emulator.transaction import StripeDict, Transaction


@when_due("invoice")
def step_invoice(tx: Transaction, invoice: StripeDict, now: int) -> None:
    """Do the one thing that is due for an invoice."""
    tx.set_due("invoice", invoice["id"], None)
    if invoice["status"] == "draft":
        finalize_and_collect(tx, invoice, now)
    elif invoice["status"] == "open" and invoice["next_payment_attempt"] is not None:
        collect_due(tx, invoice)
    elif invoice["status"] == "open" and invoice["due_date"] is not None:
        _remind(tx, invoice, now)


def finalize_and_collect(tx: Transaction, invoice: StripeDict, now: int) -> None:
    """Finalize a draft and start collecting it, or send it."""
    subscription_id = subscription_of(invoice)
    sub = tx.get("subscription", subscription_id) if subscription_id else None
    if sub is not None and finalize_paused(tx, sub, invoice, now):
        return
    finalize(tx, invoice, now)
    if invoice["amount_remaining"] == 0:
        mark_paid(tx, invoice)
    elif invoice["collection_method"] == "send_invoice":
        emit(tx, "invoice.sent", invoice)
    elif invoice["auto_advance"]:
        collect_due(tx, invoice)


def schedule_collection(tx: Transaction, invoice: StripeDict) -> None:
    """Plan to collect an open invoice within the hour, or to leave it alone, as its `auto_advance` says now."""
    if invoice["status"] != "open" or invoice["collection_method"] != "charge_automatically":
        return
    at = tx.now(invoice) + HOUR if invoice["auto_advance"] else None
    invoice["next_payment_attempt"] = at
    tx.set_due("invoice", invoice["id"], at)


def collect_due(tx: Transaction, invoice: StripeDict) -> None:
    """Try to collect an invoice; after the last try, do to its subscription what the account's settings say."""
    verdict = collect(tx, invoice)
    last = verdict.status != "succeeded" and invoice["next_payment_attempt"] is None
    subscription_id = subscription_of(invoice)
    if not last or subscription_id is None or invoice["billing_reason"] == "subscription_create":
        return
    sub = records.subscription(tx, subscription_id)
    # While a subscription is paused, its invoices take their course without changing that.
    if sub["status"] in (*records.GONE, "paused"):
        return
    outcome = billing_settings(tx)["after_retries"]
    if outcome == "cancel":
        end_unpaid(tx, sub)
    elif outcome == "unpaid":
        records.change(tx, subscription_id, status="unpaid")


def _remind(tx: Transaction, invoice: StripeDict, now: int) -> None:
    """Tell that an invoice will be due, or that it is overdue: its customer is delinquent then, and its subscription
    past due.
    """
    if now < invoice["due_date"]:
        tx.set_due("invoice", invoice["id"], invoice["due_date"])
        emit(tx, "invoice.will_be_due", invoice)
        return
    emit(tx, "invoice.overdue", invoice)
    set_delinquent(tx, invoice["customer"], True)
    subscription_id = subscription_of(invoice)
    if subscription_id is not None and records.subscription(tx, subscription_id)["status"] == "active":
        records.change(tx, subscription_id, status="past_due")
