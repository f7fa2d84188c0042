"""Creating a subscription by the API: start it, invoice it, and collect as `payment_behavior` says."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from portal.emulator.billing import records
from portal.emulator.billing.bank import subscription_refusal
from portal.emulator.billing.collecting import collect, default_method, mark_paid
from portal.emulator.billing.debits import note_invoice_lines
from portal.emulator.billing.drafting import draft_for_subscription, pending_items
from portal.emulator.billing.finalizing import finalize
from portal.emulator.billing.redemption import consume
from portal.emulator.billing.starting import start
from portal.emulator.billing.trials import announce_short_trial
from portal.emulator.events import emit
from portal.emulator.resources import entitlements
from portal.emulator.resources.setup_intents import new_setup_intent
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError


def create_subscription(tx: Transaction, customer: StripeDict, params: dict[str, Any]) -> StripeDict:
    """Create a subscription and collect its first invoice.

    Raises a 400 if something is to be charged and there is no card, and a 402 if it is declined and the request
    does not allow an incomplete subscription.
    """
    behavior = params.get("payment_behavior", "allow_incomplete")
    sub, notes, lines = start(tx, customer, params)
    now = sub["created"]
    trialing = sub["status"] == "trialing"
    invoice = None
    if lines or pending_items(tx, customer["id"], sub["id"]):
        invoice = draft_for_subscription(tx, sub, "subscription_create", lines, now)
        note_invoice_lines(notes, invoice)
        consume(tx, sub, invoice)
        sub["latest_invoice"] = invoice["id"]
        due = invoice["amount_due"] > 0 and sub["collection_method"] == "charge_automatically"
        if due and behavior != "default_incomplete" and default_method(tx, invoice) is None:
            raise StripeError(
                400,
                "invalid_request_error",
                "This customer has no attached payment source or default payment method. Please consider adding a "
                "default payment method. For more information, visit "
                "https://docs.stripe.com/billing/subscriptions/payment-methods-setting",
                code="resource_missing",
            )
        emit(tx, "invoice.created", invoice)
        finalize(tx, invoice, now)
        sub["status"] = "incomplete" if due else "trialing" if trialing else "active"
    else:
        due = False
        sub["status"] = "trialing" if trialing else "active"
    if behavior == "default_incomplete" and not due and sub["collection_method"] == "charge_automatically":
        # Nothing is to be paid yet, so it is by a setup intent that the payer saves a card.
        sub["pending_setup_intent"] = new_setup_intent(tx, customer["id"])["id"]
    records.save(tx, sub, notes)
    emit(tx, "customer.subscription.created", sub)
    if invoice is not None:
        _collect_first(tx, sub, invoice, due, trialing, behavior)
    announce_short_trial(tx, sub["id"])
    entitlements.refresh(tx, customer["id"])
    return records.subscription(tx, sub["id"])


def _collect_first(
    tx: Transaction, sub: StripeDict, invoice: StripeDict, due: bool, trialing: bool, behavior: str
) -> None:
    if invoice["amount_remaining"] == 0:
        mark_paid(tx, invoice)
        return
    if not due:
        emit(tx, "invoice.sent", invoice)
        return
    if behavior == "default_incomplete":
        return
    verdict = collect(tx, deepcopy(invoice))
    if verdict.status != "succeeded" and behavior == "error_if_incomplete":
        raise subscription_refusal(verdict)
    if verdict.status == "succeeded" and trialing:
        records.change(tx, sub["id"], status="trialing")
