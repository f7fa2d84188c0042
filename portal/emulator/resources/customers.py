"""Customers: who is billed. Deleting one leaves a stub, as at Stripe."""

from copy import deepcopy
from typing import Any

from portal.emulator.events import emit, emit_updated
from portal.emulator.transaction import TEST_CLOCK, StripeDict, Transaction
from portal.emulator.wire.errors import invalid
from portal.emulator.wire.fields import address, set_texts, set_values, text
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

_TEXTS = ("business_name", "description", "email", "individual_name", "name", "phone")


@route("POST", "/v1/customers", params="CustomerCreateParams")
def create_customer(tx: Transaction, call: Call) -> StripeDict:
    """Create a customer."""
    params = call.params
    clock_id = params.get("test_clock")
    if clock_id is not None:
        in_param(tx, TEST_CLOCK, clock_id, param="test_clock")
    customer_id = tx.new_id("cus", 14)
    customer: StripeDict = {
        "id": customer_id,
        "object": "customer",
        "address": None,
        "balance": 0,
        "business_name": None,
        "created": tx.now({"test_clock": clock_id}),
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "individual_name": None,
        "invoice_prefix": customer_id[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": clock_id,
    }
    tx.put(customer)
    _apply(tx, customer, params)
    tx.put(customer)
    emit(tx, "customer.created", customer)
    return customer


@route("GET", "/v1/customers/{id}", params="CustomerRetrieveParams")
def retrieve_customer(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a customer; of a deleted one, its stub."""
    found = tx.get("customer", call.args["id"])
    return found if found is not None else in_path(tx, "customer", call.args["id"])


@route("POST", "/v1/customers/{id}", params="CustomerUpdateParams")
def update_customer(tx: Transaction, call: Call) -> StripeDict:
    """Update what is sent of a customer."""
    before = in_path(tx, "customer", call.args["id"])
    customer = deepcopy(before)
    _apply(tx, customer, call.params)
    tx.put(customer)
    emit_updated(tx, "customer.updated", before, customer)
    return customer


@route("GET", "/v1/customers", params="CustomerListParams")
def list_customers(tx: Transaction, call: Call) -> StripeDict:
    """List customers, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("email", "test_clock"))
    if "test_clock" not in where:
        where["test_clock"] = None
    return list_answer(tx, call, "customer", where)


def _apply(tx: Transaction, customer: StripeDict, params: dict[str, Any]) -> None:
    set_texts(customer, params, _TEXTS)
    set_values(customer, params, ("balance", "next_invoice_sequence", "invoice_prefix", "preferred_locales"))
    if "tax_exempt" in params:
        customer["tax_exempt"] = params["tax_exempt"] or "none"
    if "address" in params:
        customer["address"] = address(params["address"])
    if "shipping" in params:
        sent = params["shipping"] or None
        customer["shipping"] = sent and {
            "address": address(sent["address"]),
            "carrier": None,
            "name": sent["name"],
            "phone": text(sent.get("phone")),
            "tracking_number": None,
        }
    if "metadata" in params:
        customer["metadata"] = merged(customer["metadata"], params["metadata"])
    if "invoice_settings" in params:
        _apply_invoice_settings(tx, customer, params["invoice_settings"])


def _apply_invoice_settings(tx: Transaction, customer: StripeDict, sent: dict[str, Any]) -> None:
    settings = customer["invoice_settings"]
    if "default_payment_method" in sent:
        wanted = text(sent["default_payment_method"])
        if wanted is not None:
            param = "invoice_settings[default_payment_method]"
            method = in_param(tx, "payment_method", wanted, param=param)
            if method["customer"] != customer["id"]:
                raise invalid(
                    f"The customer does not have a payment method with the ID {wanted}. "
                    "The payment method must be attached to the customer.",
                    param=param,
                    code="resource_missing",
                )
        settings["default_payment_method"] = wanted
    if "custom_fields" in sent:
        settings["custom_fields"] = sent["custom_fields"] or None
    set_texts(settings, sent, ("footer",))
    if "rendering_options" in sent:
        options = sent["rendering_options"] or None
        settings["rendering_options"] = options and {
            "amount_tax_display": text(options.get("amount_tax_display")),
            "template": text(options.get("template")),
        }
