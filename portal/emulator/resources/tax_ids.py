"""Tax ids of customers. Numbers are checked for shape only; whether one is verified follows Stripe's test values."""

import re
from typing import Any

from portal.emulator.events import emit
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid
from portal.emulator.wire.lookup import in_path
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

TAX_ID = "tax_id"
_MOST_PER_CUSTOMER = 5
# Stripe verifies only these kinds; in test mode "000000000" is verified and "111111111" is not.
_VERIFIED_KINDS = ("eu_vat", "gb_vat", "au_abn")
_SHAPES = {
    "eu_vat": (re.compile(r"[A-Z]{2}[A-Z0-9+*]{2,13}"), "DE123456789"),
    "gb_vat": (re.compile(r"(GB)?[0-9]{9}([0-9]{3})?"), "GB123456789"),
    "us_ein": (re.compile(r"[0-9]{2}-?[0-9]{7}"), "12-3456789"),
    "ch_vat": (re.compile(r"CHE-?[0-9]{3}\.?[0-9]{3}\.?[0-9]{3} ?(MWST|TVA|IVA)"), "CHE-123.456.789 MWST"),
    "au_abn": (re.compile(r"[0-9]{11}"), "12345678912"),
    "ca_gst_hst": (re.compile(r"[0-9]{9}RT[0-9]{4}"), "123456789RT0002"),
    "in_gst": (re.compile(r"[A-Z0-9]{15}"), "12ABCDE3456FGZH"),
    "no_vat": (re.compile(r"[0-9]{9}MVA"), "123456789MVA"),
}


@route("POST", "/v1/customers/{customer}/tax_ids", params="CustomerTaxIdCreateParams")
def create_tax_id(tx: Transaction, call: Call) -> StripeDict:
    """Create a tax id of a customer."""
    customer = in_path(tx, "customer", call.args["customer"])
    return add_tax_id(tx, customer, call.params["type"], call.params["value"])


def add_tax_id(
    tx: Transaction, customer: StripeDict, kind: str, value: str, param: str = "value"
) -> StripeDict:
    """Add a tax id to a customer. Raises a 400 for a number of the wrong shape and for a sixth tax id."""
    value = value.strip()
    shape = _SHAPES.get(kind)
    if not 2 <= len(value) <= 50 or (shape is not None and not shape[0].fullmatch(value.upper())):
        example = f" The expected format is {shape[1]}." if shape is not None else ""
        raise invalid(f"Invalid value for {kind}.{example}", param=param, code="tax_id_invalid")
    if tx.count(TAX_ID, {"customer": customer["id"]}) >= _MOST_PER_CUSTOMER:
        raise invalid(f"A customer may have at most {_MOST_PER_CUSTOMER} tax IDs.", param=param)
    tax_id: StripeDict = {
        "id": tx.new_id("txi"),
        "object": TAX_ID,
        "country": _country(kind, value),
        "created": tx.now(customer),
        "customer": customer["id"],
        "customer_account": None,
        "livemode": False,
        "owner": {
            "account": None,
            "application": None,
            "customer": customer["id"],
            "customer_account": None,
            "type": "customer",
        },
        "type": kind,
        "value": value,
        "verification": _verification(customer, kind, value),
    }
    tx.put(tax_id)
    emit(tx, "customer.tax_id.created", tax_id)
    return tax_id


@route("GET", "/v1/customers/{customer}/tax_ids/{id}", params="CustomerTaxIdRetrieveParams")
def retrieve_tax_id(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a tax id of a customer."""
    return _of_customer(tx, call)


@route("DELETE", "/v1/customers/{customer}/tax_ids/{id}", params="CustomerTaxIdDeleteParams")
def delete_tax_id(tx: Transaction, call: Call) -> StripeDict:
    """Delete a tax id of a customer."""
    return remove_tax_id(tx, _of_customer(tx, call))


def remove_tax_id(tx: Transaction, tax_id: StripeDict) -> StripeDict:
    """Remove a tax id; return the stub that says so."""
    tx.delete(TAX_ID, tax_id["id"])
    emit(tx, "customer.tax_id.deleted", tax_id)
    return {"id": tax_id["id"], "object": TAX_ID, "deleted": True}


@route("GET", "/v1/customers/{customer}/tax_ids", params="CustomerTaxIdListParams")
def list_tax_ids(tx: Transaction, call: Call) -> StripeDict:
    """List the tax ids of a customer, newest first."""
    customer = in_path(tx, "customer", call.args["customer"])
    return list_answer(tx, call, TAX_ID, {"customer": customer["id"]})


def _of_customer(tx: Transaction, call: Call) -> StripeDict:
    customer = in_path(tx, "customer", call.args["customer"])
    found = tx.get(TAX_ID, call.args["id"])
    if found is None or found["customer"] != customer["id"]:
        return in_path(tx, "tax_id of this customer", call.args["id"])
    return found


def _verification(customer: StripeDict, kind: str, value: str) -> dict[str, Any]:
    digits = re.sub(r"\D", "", value)
    status, name = "unavailable", None
    if kind in _VERIFIED_KINDS:
        status = "unverified" if digits.startswith("111111111") else "pending"
        if digits.startswith("000000000"):
            status, name = "verified", customer["name"]
    return {"status": status, "verified_address": None, "verified_name": name}


def _country(kind: str, value: str) -> str:
    if kind != "eu_vat":
        return kind[:2].upper()
    # Greek VAT numbers begin with EL, the country's code is GR.
    return "GR" if value.upper().startswith("EL") else value[:2].upper()
