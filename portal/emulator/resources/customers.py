"""Customers: who is billed. Deleting one leaves a stub, as at Stripe."""

import re
from copy import deepcopy
from typing import Any

from portal.emulator.billing.balance import change_balance, open_balance
from portal.emulator.billing.ending import end_for_customer
from portal.emulator.billing.records import GONE
from portal.emulator.billing.redemption import no_discount
from portal.emulator.billing.savepoints import whole_or_not
from portal.emulator.events import emit, emit_updated
from portal.emulator.instants import TEST_CLOCK
from portal.emulator.living_clocks import clock_for_new_customer
from portal.emulator.resources import payment_methods
from portal.emulator.resources.invoice_settings import apply_invoice_settings, set_default_method
from portal.emulator.resources.tax_ids import TAX_ID, add_tax_id
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid
from portal.emulator.wire.expand import included_on_expand
from portal.emulator.wire.fields import address, check_email, check_lengths, set_texts, set_values, text
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer, list_of
from portal.emulator.wire.routes import Call, route

_DEFAULT_CURRENCY = "usd"
_LONGEST = {"business_name": 150, "individual_name": 150, "name": 256, "email": 512, "phone": 20}
_PREFIX = re.compile(r"[A-Z0-9]{1,12}")
_TEXTS = ("business_name", "description", "email", "individual_name", "name", "phone")


@route("POST", "/v1/customers", params="CustomerCreateParams")
def create_customer(tx: Transaction, call: Call) -> StripeDict:
    """Create a customer."""
    # A declined card is an answer that is kept, but it leaves no customer behind.
    with whole_or_not(tx):
        return _created(tx, call.params)


def _created(tx: Transaction, params: dict[str, Any]) -> StripeDict:
    clock_id = params.get("test_clock")
    if clock_id is None:
        clock_id = clock_for_new_customer(tx)
    else:
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
    settings = params.get("invoice_settings", {})
    apply_invoice_settings(customer, settings)
    open_balance(tx, customer, params.get("balance", 0), _DEFAULT_CURRENCY)
    emit(tx, "customer.created", customer)
    wanted = settings.get("default_payment_method")
    if "payment_method" in params:
        method = payment_methods.resolve(tx, params["payment_method"], param="payment_method")
        payment_methods.attach(tx, method["id"], customer_id)
        # The default can be the very method attached just now, also by the name of a test card.
        wanted = method["id"] if wanted == params["payment_method"] else wanted
    if wanted:
        before = deepcopy(customer)
        set_default_method(tx, customer, wanted)
        tx.put(customer)
        emit_updated(tx, "customer.updated", before, customer)
    for index, sent in enumerate(params.get("tax_id_data", [])):
        add_tax_id(tx, customer, sent["type"], sent["value"], f"tax_id_data[{index}][value]")
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
    settings = call.params.get("invoice_settings", {})
    apply_invoice_settings(customer, settings)
    if "default_payment_method" in settings:
        set_default_method(tx, customer, settings["default_payment_method"])
    tx.put(customer)
    if "balance" in call.params:
        _adjust_balance(tx, customer, call.params["balance"])
    customer = in_path(tx, "customer", customer["id"])
    emit_updated(tx, "customer.updated", before, customer)
    return customer


@route("DELETE", "/v1/customers/{id}", params="CustomerDeleteParams")
def delete_customer(tx: Transaction, call: Call) -> StripeDict:
    """Delete a customer: nothing is billed any more, cards are detached, a stub remains."""
    customer = in_path(tx, "customer", call.args["id"])
    end_for_customer(tx, customer["id"])
    for method in tx.all(payment_methods.METHOD, {"customer": customer["id"]}):
        payment_methods.detach(tx, method["id"])
    last = in_path(tx, "customer", customer["id"])
    stub = {"id": customer["id"], "object": "customer", "deleted": True}
    tx.put(stub)
    emit(tx, "customer.deleted", last)
    return stub


@route("DELETE", "/v1/customers/{id}/discount", params="CustomerDeleteDiscountParams")
def delete_discount(tx: Transaction, call: Call) -> StripeDict:
    """Refuse to remove a customer's discount: in this version no call gives a customer one."""
    customer = in_path(tx, "customer", call.args["id"])
    raise no_discount(customer)


@route("GET", "/v1/customers", params="CustomerListParams")
def list_customers(tx: Transaction, call: Call) -> StripeDict:
    """List customers, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("email", "test_clock"))
    return list_answer(tx, call, "customer", where)


@included_on_expand("customer", "subscriptions")
def subscriptions_of(tx: Transaction, customer: StripeDict) -> StripeDict:
    """Return the customer's subscriptions that have not ended, as a list object."""
    running = [
        sub for sub in tx.all("subscription", {"customer": customer["id"]}) if sub["status"] not in GONE
    ]
    return list_of(running[::-1], "/v1/subscriptions", query={"customer": customer["id"]})


@included_on_expand("customer", "tax_ids")
def tax_ids_of(tx: Transaction, customer: StripeDict) -> StripeDict:
    """Return the customer's tax ids as a list object."""
    return list_of(
        tx.all(TAX_ID, {"customer": customer["id"]})[::-1], f"/v1/customers/{customer['id']}/tax_ids"
    )


@included_on_expand("customer", "sources")
def sources_of(_tx: Transaction, customer: StripeDict) -> StripeDict:
    """Return an empty list: the emulator has payment methods only."""
    return list_of([], f"/v1/customers/{customer['id']}/sources")


def _adjust_balance(tx: Transaction, customer: StripeDict, wanted: int) -> None:
    difference = wanted - customer["balance"]
    if difference:
        currency = customer["currency"] or _DEFAULT_CURRENCY
        change_balance(tx, customer["id"], difference, "adjustment", currency=currency)


def _apply(tx: Transaction, customer: StripeDict, params: dict[str, Any]) -> None:
    check_lengths(params, _LONGEST)
    check_email(params.get("email"), "email")
    _check_numbering(tx, customer, params)
    set_texts(customer, params, _TEXTS)
    set_values(customer, params, ("next_invoice_sequence", "invoice_prefix", "preferred_locales"))
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


def _check_numbering(tx: Transaction, customer: StripeDict, params: dict[str, Any]) -> None:
    prefix = str(params.get("invoice_prefix", customer["invoice_prefix"]))
    if not _PREFIX.fullmatch(prefix):
        raise invalid(
            "Invalid invoice_prefix: must be 1 to 12 uppercase letters or numbers.", param="invoice_prefix"
        )
    if prefix != customer["invoice_prefix"] and tx.count("customer", {"invoice_prefix": prefix}):
        raise invalid(f"The invoice prefix {prefix} is another customer's.", param="invoice_prefix")
    if params.get("next_invoice_sequence", 1) < 1:
        raise invalid(
            "Invalid positive integer", param="next_invoice_sequence", code="parameter_invalid_integer"
        )
