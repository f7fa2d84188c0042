"""Payment methods: test cards, made from a published number, token or ready-made name, and kept with a customer."""

import hashlib
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from portal.emulator.cards import Card, by_token, named
from portal.emulator.events import emit, emit_updated
from portal.emulator.resources.card_details import apply_billing_details, card_sent, check_expiry
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, card_declined, invalid, missing_object, missing_parameter
from portal.emulator.wire.fields import address, set_values
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

METHOD = "payment_method"
_YEARS_VALID = 4


@route("POST", "/v1/payment_methods", params="PaymentMethodCreateParams")
def create_payment_method(tx: Transaction, call: Call) -> StripeDict:
    """Create a card payment method, not yet attached to a customer."""
    params = call.params
    if "type" not in params:
        raise missing_parameter("type")
    if params["type"] != "card":
        raise invalid("The emulator knows cards only: use `type=card`.", param="type")
    if "card" not in params:
        raise missing_parameter("card")
    sent = params["card"]
    card = card_sent(sent)
    method = make_card_method(tx, card, params.get("billing_details"))
    set_values(method["card"], sent, ("exp_month", "exp_year"))
    set_values(method, params, ("allow_redisplay",))
    check_expiry(tx, method)
    method["metadata"] = merged(None, params.get("metadata"))
    tx.put(method)
    return method


def make_card_method(
    tx: Transaction, card: Card, billing_details: Mapping[str, Any] | None = None
) -> StripeDict:
    """Make a payment method of a test card, attached to nobody."""
    method: StripeDict = {
        "id": tx.new_id("pm"),
        "object": METHOD,
        "allow_redisplay": "unspecified",
        "billing_details": {
            "address": address({}),
            "email": None,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        "card": {
            "brand": card.brand,
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": "US",
            "display_brand": card.brand,
            "exp_month": 12,
            "exp_year": datetime.fromtimestamp(tx.wall_now(), UTC).year + _YEARS_VALID,
            "fingerprint": hashlib.sha256(card.number.encode()).hexdigest()[:16],
            "funding": card.funding,
            "generated_from": None,
            "last4": card.last4,
            "networks": {"available": [card.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "created": tx.wall_now(),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }
    apply_billing_details(method, billing_details)
    tx.put(method, private={"card": card.name, "authenticated": card.three_d_secure == "never"})
    return method


@route("GET", "/v1/payment_methods/{id}", params="PaymentMethodRetrieveParams")
def retrieve_payment_method(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a payment method."""
    return in_path(tx, METHOD, call.args["id"], param="payment_method")


@route("POST", "/v1/payment_methods/{id}", params="PaymentMethodUpdateParams")
def update_payment_method(tx: Transaction, call: Call) -> StripeDict:
    """Update the billing details or the expiry date of a payment method."""
    before = in_path(tx, METHOD, call.args["id"], param="payment_method")
    if before["customer"] is None:
        raise invalid("You must save this PaymentMethod to a customer before you can update it.")
    method, params = deepcopy(before), call.params
    set_values(method, params, ("allow_redisplay",))
    set_values(method["card"], params.get("card", {}), ("exp_month", "exp_year"))
    check_expiry(tx, method)
    apply_billing_details(method, params.get("billing_details"))
    if "metadata" in params:
        method["metadata"] = merged(method["metadata"], params["metadata"])
    tx.put(method)
    emit_updated(tx, "payment_method.updated", before, method)
    return method


@route("POST", "/v1/payment_methods/{id}/attach", params="PaymentMethodAttachParams")
def attach_payment_method(tx: Transaction, call: Call) -> StripeDict:
    """Attach a payment method to a customer; a card that is declined there is refused."""
    if "customer" not in call.params:
        raise missing_parameter("customer")
    customer = in_param(tx, "customer", call.params["customer"], param="customer")
    card = by_token(call.args["id"])
    method = (
        make_card_method(tx, card) if card else in_path(tx, METHOD, call.args["id"], param="payment_method")
    )
    return attach(tx, method["id"], customer["id"])


@route("POST", "/v1/payment_methods/{id}/detach", params="PaymentMethodDetachParams")
def detach_payment_method(tx: Transaction, call: Call) -> StripeDict:
    """Detach a payment method from its customer."""
    method = in_path(tx, METHOD, call.args["id"], param="payment_method")
    if method["customer"] is None:
        raise invalid(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            param="payment_method",
        )
    return detach(tx, method["id"])


@route("GET", "/v1/payment_methods", params="PaymentMethodListParams")
def list_payment_methods(tx: Transaction, call: Call) -> StripeDict:
    """List the payment methods of a customer, newest first."""
    customer_id = call.params.get("customer")
    if customer_id is None:
        raise missing_parameter("customer")
    in_param(tx, "customer", customer_id, param="customer")
    return _listed(tx, call, customer_id)


@route("GET", "/v1/customers/{customer}/payment_methods", params="CustomerPaymentMethodListParams")
def list_customer_payment_methods(tx: Transaction, call: Call) -> StripeDict:
    """List the payment methods of a customer, newest first."""
    return _listed(tx, call, in_path(tx, "customer", call.args["customer"])["id"])


@route("GET", "/v1/customers/{customer}/payment_methods/{id}", params="CustomerPaymentMethodRetrieveParams")
def retrieve_customer_payment_method(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a payment method of a customer."""
    method = in_path(tx, METHOD, call.args["id"], param="payment_method")
    if method["customer"] != call.args["customer"]:
        raise missing_object("PaymentMethod", method["id"], param="payment_method", status=404)
    return method


def attach(tx: Transaction, method_id: str, customer_id: str) -> StripeDict:
    """Attach a payment method to a customer and return it; nothing happens if it is theirs already.

    Raises a 402 for a card whose bank refuses it at once, and a 400 if another customer has or had it.
    """
    before = in_param(tx, METHOD, method_id, param="payment_method")
    if before["customer"] == customer_id:
        return before
    if before["customer"] is not None:
        raise invalid(
            "The payment method you provided has already been attached to a customer.", param="payment_method"
        )
    _refuse_used_up(tx, method_id, "payment_method")
    decline = card_of(tx, method_id).on_attach
    if decline is not None:
        raise card_declined(decline.message, code=decline.code, decline_code=decline.decline_code)
    method = {**before, "customer": customer_id}
    tx.put(method)
    emit(tx, "payment_method.attached", method)
    return method


def detach(tx: Transaction, method_id: str) -> StripeDict:
    """Detach a payment method from its customer, as whose default it ceases to serve; return it."""
    before = in_param(tx, METHOD, method_id, param="payment_method")
    method = {**before, "customer": None}
    tx.put(method, private={**tx.private(METHOD, method_id), "used_up": True})
    emit(tx, "payment_method.detached", method, {"customer": before["customer"]})
    customer = tx.get("customer", before["customer"])
    if customer is not None and not customer.get("deleted"):
        changed = deepcopy(customer)
        if changed["invoice_settings"]["default_payment_method"] == method_id:
            changed["invoice_settings"]["default_payment_method"] = None
            tx.put(changed)
            emit_updated(tx, "customer.updated", customer, changed)
    return method


def resolve(tx: Transaction, given: str, *, param: str) -> StripeDict:
    """Return the payment method a parameter means: by its id, or a new one of a test card (`pm_card_visa`).

    Raises a 400 for anything else, and for one that may not be used again.
    """
    card = by_token(given) if given.startswith("pm_card_") else None
    if card is not None:
        return make_card_method(tx, card)
    method = in_param(tx, METHOD, given, param=param)
    _refuse_used_up(tx, given, param)
    return method


def missing_method(intent: str, code: str) -> StripeError:
    """Return the 400 for confirming an intent that nobody gave a payment method."""
    return invalid(
        f"You cannot confirm this {intent} because it's missing a payment method. Update the {intent} with a payment "
        "method, or confirm it with one.",
        code=code,
    )


def use_up(tx: Transaction, method_id: str) -> None:
    """Note that a payment method was charged; one that nobody kept may not be used again."""
    method = in_param(tx, METHOD, method_id, param="payment_method")
    if method["customer"] is None:
        tx.put(method, private={**tx.private(METHOD, method_id), "used_up": True})


def card_of(tx: Transaction, method_id: str) -> Card:
    """Return the test card behind a payment method: what it does when charged."""
    return named(tx.private(METHOD, method_id)["card"])


def needs_authentication(tx: Transaction, method_id: str) -> bool:
    """Say whether a charge now would ask the payer for 3-D Secure."""
    private = tx.private(METHOD, method_id)
    return named(private["card"]).three_d_secure == "always" or not private["authenticated"]


def mark_authenticated(tx: Transaction, method_id: str) -> None:
    """Remember that the payer passed 3-D Secure: cards that ask once stay silent from now on."""
    method = tx.get(METHOD, method_id)
    assert method is not None, method_id
    tx.put(method, private={**tx.private(METHOD, method_id), "authenticated": True})


def _refuse_used_up(tx: Transaction, method_id: str, param: str) -> None:
    if tx.private(METHOD, method_id).get("used_up"):
        raise invalid(
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a "
            "Customer, and may not be used again.",
            param=param,
        )


def _listed(tx: Transaction, call: Call, customer_id: str) -> StripeDict:
    where: dict[str, Any] = {"customer": customer_id}
    set_values(where, call.params, ("allow_redisplay", "type"))
    return list_answer(tx, call, METHOD, where)
