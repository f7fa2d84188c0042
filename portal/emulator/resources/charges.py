"""Charges: single attempts at a card. They are made by payment intents only."""

from __future__ import annotations

from typing import Any

from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.expand import included_on_expand
from portal.emulator.wire.fields import set_values
from portal.emulator.wire.lookup import in_path
from portal.emulator.wire.pages import list_answer, list_of
from portal.emulator.wire.routes import Call, route

CHARGE = "charge"


@route("GET", "/v1/charges/{id}", params="ChargeRetrieveParams")
def retrieve_charge(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a charge."""
    return in_path(tx, CHARGE, call.args["id"], param="charge")


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
