"""Invoice payments: which payment intent pays which invoice."""

from __future__ import annotations

from typing import Any

from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.fields import set_values
from portal.emulator.wire.lookup import in_path
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

PAYMENT = "invoice_payment"


@route("GET", "/v1/invoice_payments/{id}", params="InvoicePaymentRetrieveParams")
def retrieve_payment(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve an invoice payment."""
    return in_path(tx, PAYMENT, call.args["id"], param="invoice_payment")


@route("GET", "/v1/invoice_payments", params="InvoicePaymentListParams")
def list_payments(tx: Transaction, call: Call) -> StripeDict:
    """List the payments of an invoice or of a payment intent, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("invoice", "status"))
    payment = call.params.get("payment") or {}
    if "payment_intent" in payment:
        where["payment.payment_intent"] = payment["payment_intent"]
    return list_answer(tx, call, PAYMENT, where)
