"""Refunds: giving back what a charge took."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from portal.emulator.billing.refunding import refund_charge
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.events import emit_updated
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid, missing_parameter
from portal.emulator.wire.fields import set_values
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

REFUND = "refund"


@route("POST", "/v1/refunds", params="RefundCreateParams")
def create_refund(tx: Transaction, call: Call) -> StripeDict:
    """Refund a charge, in full or in part."""
    params = call.params
    refuse_unsupported(params, ("instructions_email", "origin", "refund_application_fee", "reverse_transfer"))
    charge_id = params.get("charge")
    if "payment_intent" in params:
        intent = in_param(tx, "payment_intent", params["payment_intent"], param="payment_intent")
        charge_id = intent["latest_charge"]
        if charge_id is None:
            raise invalid(
                "This PaymentIntent does not have a successful charge to refund.", param="payment_intent"
            )
    if charge_id is None:
        raise missing_parameter("charge")
    charge = in_param(tx, "charge", charge_id, param="charge")
    amount = params.get("amount", charge["amount"] - charge["amount_refunded"])
    return refund_charge(
        tx, charge, amount, reason=params.get("reason"), metadata=merged(None, params.get("metadata"))
    )


@route("GET", "/v1/refunds/{id}", params="RefundRetrieveParams")
def retrieve_refund(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a refund."""
    return in_path(tx, REFUND, call.args["id"], param="refund")


@route("POST", "/v1/refunds/{id}", params="RefundUpdateParams")
def update_refund(tx: Transaction, call: Call) -> StripeDict:
    """Annotate a refund."""
    before = in_path(tx, REFUND, call.args["id"], param="refund")
    refund = deepcopy(before)
    if "metadata" in call.params:
        refund["metadata"] = merged(refund["metadata"], call.params["metadata"])
    tx.put(refund)
    emit_updated(tx, "refund.updated", before, refund)
    emit_updated(tx, "charge.refund.updated", before, refund)
    return refund


@route("GET", "/v1/refunds", params="RefundListParams")
def list_refunds(tx: Transaction, call: Call) -> StripeDict:
    """List refunds, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("charge", "payment_intent"))
    return list_answer(tx, call, REFUND, where)
