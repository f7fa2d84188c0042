"""Payment intents: collecting one amount."""

from __future__ import annotations

from typing import Any

from portal.emulator.billing import payments
from portal.emulator.billing.bank import refusal
from portal.emulator.billing.collecting import collect
from portal.emulator.billing.paying import authenticate
from portal.emulator.billing.refusing import refuse_unsupported
from portal.emulator.resources.payment_methods import resolve
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, invalid, missing_parameter
from portal.emulator.wire.fields import set_texts, set_values, text
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

INTENT = "payment_intent"
_SUPPORTED = frozenset(
    {
        "amount", "automatic_payment_methods", "confirm", "currency", "customer", "description", "expand", "metadata",
        "off_session", "payment_method", "receipt_email", "return_url", "setup_future_usage", "use_stripe_sdk",
    }
)  # fmt: skip
_CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


@route("POST", "/v1/payment_intents", params="PaymentIntentCreateParams")
def create_intent(tx: Transaction, call: Call) -> StripeDict:
    """Create a payment intent, and confirm it at once with `confirm`."""
    params = call.params
    if params["amount"] <= 0:
        raise invalid("Invalid positive integer", param="amount", code="parameter_invalid_integer")
    customer = (
        in_param(tx, "customer", params["customer"], param="customer") if "customer" in params else None
    )
    intent = payments.open_intent(
        tx, customer, params["amount"], params["currency"].lower(), text(params.get("description"))
    )
    _apply(tx, intent, params)
    tx.put(intent)
    return _confirmed(tx, intent["id"]) if params.get("confirm") else intent


@route("GET", "/v1/payment_intents/{id}", params="PaymentIntentRetrieveParams")
def retrieve_intent(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a payment intent."""
    return in_path(tx, INTENT, call.args["id"], param="intent")


@route("POST", "/v1/payment_intents/{id}", params="PaymentIntentUpdateParams")
def update_intent(tx: Transaction, call: Call) -> StripeDict:
    """Update a payment intent that is not finished."""
    intent = _unfinished(tx, call, "update")
    _apply(tx, intent, call.params)
    tx.put(intent)
    return intent


@route("POST", "/v1/payment_intents/{id}/confirm", params="PaymentIntentConfirmParams")
def confirm_intent(tx: Transaction, call: Call) -> StripeDict:
    """Charge a payment intent's card, or the one sent."""
    intent = _unfinished(tx, call, "confirm")
    _apply(tx, intent, call.params)
    tx.put(intent)
    return _confirmed(tx, intent["id"])


@route("POST", "/v1/payment_intents/{id}/cancel", params="PaymentIntentCancelParams")
def cancel_intent(tx: Transaction, call: Call) -> StripeDict:
    """Cancel a payment intent that is not finished."""
    intent = _unfinished(tx, call, "cancel")
    payments.cancel_intent(tx, intent, call.params.get("cancellation_reason", "requested_by_customer"))
    return intent


@route("GET", "/v1/payment_intents", params="PaymentIntentListParams")
def list_intents(tx: Transaction, call: Call) -> StripeDict:
    """List payment intents, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("customer",))
    return list_answer(tx, call, INTENT, where)


def _apply(tx: Transaction, intent: StripeDict, params: dict[str, Any]) -> None:
    refuse_unsupported(params, sorted(params.keys() - _SUPPORTED))
    set_texts(intent, params, ("description", "receipt_email", "setup_future_usage"))
    if "metadata" in params:
        intent["metadata"] = merged(intent["metadata"], params["metadata"])
    if params.get("payment_method"):
        method = resolve(tx, params["payment_method"], param="payment_method")
        if method["customer"] not in (None, intent["customer"]):
            raise invalid("The payment method belongs to another customer.", param="payment_method")
        intent["payment_method"] = method["id"]
        if intent["status"] == "requires_payment_method":
            intent["status"] = "requires_confirmation"


def _confirmed(tx: Transaction, intent_id: str) -> StripeDict:
    """Charge the card; of an invoice's intent, pay the invoice."""
    intent = in_path(tx, INTENT, intent_id)
    if intent["payment_method"] is None:
        raise missing_parameter("payment_method")
    if intent["status"] == "requires_action":
        return authenticate(tx, intent, passed=True)
    method = in_param(tx, "payment_method", intent["payment_method"], param="payment_method")
    invoice = payments.invoice_of(tx, intent_id)
    if invoice is not None and invoice["status"] == "open":
        verdict = collect(tx, invoice, method=method, automatic=False)
    else:
        verdict = payments.attempt(tx, intent, method)
    answer = in_path(tx, INTENT, intent_id)
    if verdict.status == "declined":
        raise refusal(verdict, keeps_effect=True, extra={"payment_intent": answer})
    return answer


def _unfinished(tx: Transaction, call: Call, verb: str) -> StripeDict:
    intent = in_path(tx, INTENT, call.args["id"], param="intent")
    if "checkout_session" in tx.private(INTENT, intent["id"]):
        raise invalid(
            f"You cannot {verb} a PaymentIntent that was created by a Checkout Session. To cancel it, expire the "
            "Checkout Session instead.",
            param="intent",
        )
    if intent["status"] not in _CONFIRMABLE:
        raise StripeError(
            400,
            "invalid_request_error",
            f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
            extra={"payment_intent": intent},
        )
    return intent
