"""Credit notes: taking back part of a finalized invoice."""

from __future__ import annotations

from typing import Any

from portal.emulator.billing.balance import change_balance
from portal.emulator.billing.collecting import mark_paid
from portal.emulator.billing.crediting import ask_for_the_rest, issue, new_credit_note
from portal.emulator.billing.savepoints import tentative
from portal.emulator.events import emit, emit_updated
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid
from portal.emulator.wire.fields import set_texts, set_values
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer, page_of
from portal.emulator.wire.routes import Call, route

NOTE = "credit_note"


@route("POST", "/v1/credit_notes", params="CreditNoteCreateParams")
def create_note(tx: Transaction, call: Call) -> StripeDict:
    """Issue a credit note on an open or paid invoice."""
    invoice = in_param(tx, "invoice", call.params["invoice"], param="invoice")
    note = issue(tx, new_credit_note(tx, invoice, call.params), invoice, call.params)
    if invoice["status"] == "open" and invoice["amount_remaining"] == 0:
        mark_paid(tx, invoice)
    return note


@route("GET", "/v1/credit_notes/preview", params="CreditNotePreviewParams", writes=True)
def preview_note(tx: Transaction, call: Call) -> StripeDict:
    """Preview a credit note."""
    invoice = in_param(tx, "invoice", call.params["invoice"], param="invoice")
    with tentative(tx):
        return new_credit_note(tx, invoice, call.params)


@route("GET", "/v1/credit_notes/preview/lines", params="CreditNotePreviewLinesListParams", writes=True)
def preview_note_lines(tx: Transaction, call: Call) -> StripeDict:
    """List the lines of a credit note that is only previewed."""
    return page_of(call, preview_note(tx, call)["lines"]["data"])


@route("GET", "/v1/credit_notes/{id}", params="CreditNoteRetrieveParams")
def retrieve_note(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a credit note."""
    return in_path(tx, NOTE, call.args["id"])


@route("POST", "/v1/credit_notes/{id}", params="CreditNoteUpdateParams")
def update_note(tx: Transaction, call: Call) -> StripeDict:
    """Annotate a credit note."""
    before = in_path(tx, NOTE, call.args["id"])
    note = dict(before)
    set_texts(note, call.params, ("memo",))
    if "metadata" in call.params:
        note["metadata"] = merged(note["metadata"], call.params["metadata"])
    tx.put(note)
    emit_updated(tx, "credit_note.updated", before, note)
    return note


@route("POST", "/v1/credit_notes/{id}/void", params="CreditNoteVoidCreditNoteParams")
def void_note(tx: Transaction, call: Call) -> StripeDict:
    """Void a credit note: what it took off an open invoice, or put on the balance, comes back."""
    note = in_path(tx, NOTE, call.args["id"])
    invoice = in_path(tx, "invoice", note["invoice"])
    before = dict(invoice)
    if note["status"] == "void" or (note["type"] == "pre_payment" and invoice["status"] != "open"):
        raise invalid("You can only void an issued credit note whose invoice is still open.")
    if note["refunds"]:
        raise invalid("You cannot void a credit note that has been refunded.")
    note.update(status="void", voided_at=tx.now(note))
    tx.put(note)
    kind = (
        "pre_payment_credit_notes_amount"
        if note["type"] == "pre_payment"
        else "post_payment_credit_notes_amount"
    )
    invoice[kind] -= note["total"]
    if note["type"] == "pre_payment":
        invoice["amount_due"] += note["total"]
        invoice["amount_remaining"] += note["total"]
        ask_for_the_rest(tx, invoice)
    elif note["customer_balance_transaction"] is not None:
        credited = note["total"] - (note["out_of_band_amount"] or 0)
        change_balance(
            tx,
            note["customer"],
            credited,
            "credit_note",
            currency=note["currency"],
            invoice=invoice["id"],
            credit_note=note["id"],
        )
    tx.put(invoice)
    emit_updated(tx, "invoice.updated", before, invoice)
    emit(tx, "credit_note.voided", note)
    return note


@route("GET", "/v1/credit_notes", params="CreditNoteListParams")
def list_notes(tx: Transaction, call: Call) -> StripeDict:
    """List credit notes, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("customer", "invoice"))
    return list_answer(tx, call, NOTE, where)


@route("GET", "/v1/credit_notes/{id}/lines", params="CreditNoteLineItemListParams")
def list_note_lines(tx: Transaction, call: Call) -> StripeDict:
    """List the lines of a credit note."""
    return page_of(call, in_path(tx, NOTE, call.args["id"])["lines"]["data"])
