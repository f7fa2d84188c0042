"""Charges: single attempts at a card. They are made, captured and released by payment intents only."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from portal.emulator.events import emit_updated
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid
from portal.emulator.wire.expand import included_on_expand
from portal.emulator.wire.fields import check_email, set_texts, set_values
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer, list_of
from portal.emulator.wire.routes import Call, route

CHARGE = "charge"


@route("GET", "/v1/charges/{id}", params="ChargeRetrieveParams")
def retrieve_charge(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a charge."""
    return in_path(tx, CHARGE, call.args["id"], param="charge")


@route("POST", "/v1/charges/{id}", params="ChargeUpdateParams")
def update_charge(tx: Transaction, call: Call) -> StripeDict:
    """Describe or annotate a charge, or say whose it is if nobody's yet."""
    before, params = in_path(tx, CHARGE, call.args["id"], param="charge"), call.params
    charge = deepcopy(before)
    check_email(params.get("receipt_email"), "receipt_email")
    set_texts(charge, params, ("description", "receipt_email"))
    if "metadata" in params:
        charge["metadata"] = merged(charge["metadata"], params["metadata"])
    if "customer" in params:
        if charge["customer"] is not None:
            raise invalid("This charge already has a customer.", param="customer")
        charge["customer"] = in_param(tx, "customer", params["customer"], param="customer")["id"]
    tx.put(charge)
    emit_updated(tx, "charge.updated", before, charge)
    return charge


@route("GET", "/v1/charges", params="ChargeListParams")
def list_charges(tx: Transaction, call: Call) -> StripeDict:
    """List charges, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("customer", "payment_intent"))
    return list_answer(tx, call, CHARGE, where)


@included_on_expand(CHARGE, "refunds")
def refunds_of(tx: Transaction, charge: StripeDict) -> StripeDict:
    """Return a charge's refunds as a list object."""
    found = tx.all("refund", {"charge": charge["id"]})
    return list_of(found[::-1], f"/v1/charges/{charge['id']}/refunds")
