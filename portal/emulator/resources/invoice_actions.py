"""What is done with an invoice: finalize, pay, send, void, write off."""

from __future__ import annotations

from portal.emulator.billing.balance import set_delinquent
from portal.emulator.billing.bank import NO_METHOD, Verdict, refusal
from portal.emulator.billing.collecting import collect, default_method, mark_paid
from portal.emulator.billing.dunning import collect_due
from portal.emulator.billing.ending import give_up, void
from portal.emulator.billing.finalizing import finalize
from portal.emulator.billing.payments import invoice_intent
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.events import emit
from portal.emulator.resources.payment_methods import resolve
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, invalid
from portal.emulator.wire.lookup import in_path
from portal.emulator.wire.routes import Call, route

INVOICE = "invoice"


@route("POST", "/v1/invoices/{id}/finalize", params="InvoiceFinalizeInvoiceParams")
def finalize_invoice(tx: Transaction, call: Call) -> StripeDict:
    """Finalize a draft."""
    invoice = _in_status(tx, call, "finalize", "draft")
    if "auto_advance" in call.params:
        invoice["auto_advance"] = call.params["auto_advance"]
    finalize(tx, invoice, tx.now(invoice))
    if invoice["amount_remaining"] == 0:
        mark_paid(tx, invoice)
    elif invoice["auto_advance"] and invoice["collection_method"] == "charge_automatically":
        collect_due(tx, invoice)
    return in_path(tx, INVOICE, invoice["id"])


@route("POST", "/v1/invoices/{id}/pay", params="InvoicePayParams")
def pay_invoice(tx: Transaction, call: Call) -> StripeDict:
    """Pay an open invoice, with the card sent or the default one, or mark it paid out of band."""
    refuse_unsupported(call.params, ("mandate", "source"))
    # It forgives what a source with funds of its own falls short of; a card pays all of it or nothing.
    call.params.get("forgive")
    invoice = _in_status(tx, call, "pay", "open", "uncollectible", "draft")
    if invoice["status"] == "draft":
        finalize(tx, invoice, tx.now(invoice))
    if call.params.get("paid_out_of_band"):
        mark_paid(tx, invoice, off_stripe=True)
        return in_path(tx, INVOICE, invoice["id"])
    method = None
    if "payment_method" in call.params:
        method = resolve(tx, call.params["payment_method"], param="payment_method")
        if method["customer"] not in (None, invoice["customer"]):
            raise invalid("The payment method belongs to another customer.", param="payment_method")
    if method is None and invoice["amount_remaining"] > 0 and default_method(tx, invoice) is None:
        # Nothing was attempted, so nothing is left behind.
        raise StripeError(
            400,
            "invalid_request_error",
            NO_METHOD.message or "",
            code="resource_missing",
            param="payment_method",
        )
    verdict = collect(tx, invoice, method=method, automatic=False)
    if verdict.status != "succeeded":
        raise _failed(tx, invoice["id"], verdict)
    return in_path(tx, INVOICE, invoice["id"])


@route("POST", "/v1/invoices/{id}/send", params="InvoiceSendInvoiceParams")
def send_invoice(tx: Transaction, call: Call) -> StripeDict:
    """Send an invoice to the customer (the event; no mail leaves the emulator)."""
    invoice = _in_status(tx, call, "send", "draft", "open", "paid")
    if invoice["status"] == "draft":
        finalize(tx, invoice, tx.now(invoice))
    emit(tx, "invoice.sent", invoice)
    return invoice


@route("POST", "/v1/invoices/{id}/void", params="InvoiceVoidInvoiceParams")
def void_invoice(tx: Transaction, call: Call) -> StripeDict:
    """Void an open or uncollectible invoice."""
    void(tx, _in_status(tx, call, "void", "open", "uncollectible"))
    return in_path(tx, INVOICE, call.args["id"])


@route("POST", "/v1/invoices/{id}/mark_uncollectible", params="InvoiceMarkUncollectibleParams")
def mark_uncollectible(tx: Transaction, call: Call) -> StripeDict:
    """Write an open invoice off; it can still be paid."""
    invoice = _in_status(tx, call, "mark as uncollectible", "open")
    give_up(tx, invoice, "uncollectible", "marked_uncollectible_at", "invoice.marked_uncollectible")
    set_delinquent(tx, invoice["customer"], False)
    return in_path(tx, INVOICE, invoice["id"])


def _in_status(tx: Transaction, call: Call, verb: str, *allowed: str) -> StripeDict:
    invoice = in_path(tx, INVOICE, call.args["id"], param="invoice")
    if invoice["status"] == "paid" and verb == "pay":
        raise invalid("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] not in allowed:
        raise invalid(
            f"You can only {verb} an invoice with status {' or '.join(allowed)}. This invoice is {invoice['status']}.",
            code="invoice_not_editable",
        )
    return invoice


def _failed(tx: Transaction, invoice_id: str, verdict: Verdict) -> StripeError:
    code = "invoice_payment_intent_requires_action" if verdict.status == "requires_action" else verdict.code
    intent = invoice_intent(tx, invoice_id)
    answer = Verdict(verdict.status, code, verdict.decline_code, verdict.message)
    return refusal(answer, keeps_effect=True, extra={"payment_intent": intent} if intent else None)
