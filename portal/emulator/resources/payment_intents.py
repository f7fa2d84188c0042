"""Payment intents: collecting one amount."""

from __future__ import annotations

from typing import Any

from portal.emulator.billing import payments
from portal.emulator.billing.agenda import when_due
from portal.emulator.billing.amounts import minimum_charge, spell
from portal.emulator.billing.bank import ACTION_REQUIRED, AUTHENTICATION_REQUIRED, Verdict, refusal
from portal.emulator.billing.capturing import capture
from portal.emulator.billing.checkout_payment import note_capture, refuse_while_open
from portal.emulator.billing.collecting import collect
from portal.emulator.events import emit
from portal.emulator.resources.payment_methods import missing_method, resolve
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, invalid
from portal.emulator.wire.fields import check_email, set_texts, set_values
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

INTENT = "payment_intent"
_LARGEST_AMOUNT = 99_999_999
_CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
_OF_CONFIRMATION = ("error_on_requires_action", "off_session", "return_url")
_TERMS = ("amount", "capture_method", "currency", "customer")


@route("POST", "/v1/payment_intents", params="PaymentIntentCreateParams")
def create_intent(tx: Transaction, call: Call) -> StripeDict:
    """Create a payment intent, and confirm it at once with `confirm`."""
    params = call.params
    confirmed = params.get("confirm", False)
    for name in _OF_CONFIRMATION:
        if name in params and not confirmed:
            raise invalid(f"`{name}` can only be used with `confirm=true`.", param=name)
    automatic = params.get("automatic_payment_methods", {})
    customer = (
        in_param(tx, "customer", params["customer"], param="customer") if "customer" in params else None
    )
    intent = payments.unannounced_intent(tx, customer, params["amount"], params["currency"], None)
    intent.update(
        automatic_payment_methods={
            "allow_redirects": automatic.get("allow_redirects", "always"),
            "enabled": automatic.get("enabled", True),
        },
        capture_method="automatic_async",
    )
    _apply(tx, intent, params)
    tx.put(intent)
    emit(tx, "payment_intent.created", intent)
    return _confirmed(tx, intent, params) if confirmed else intent


@route("GET", "/v1/payment_intents/{id}", params="PaymentIntentRetrieveParams")
def retrieve_intent(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a payment intent."""
    return in_path(tx, INTENT, call.args["id"], param="intent")


@route("POST", "/v1/payment_intents/{id}", params="PaymentIntentUpdateParams")
def update_intent(tx: Transaction, call: Call) -> StripeDict:
    """Update a payment intent; of a finished one, only its description, metadata and receipt."""
    told = [name for name in (*_TERMS, "payment_method", "setup_future_usage") if name in call.params]
    intent = _unfinished(tx, call, "update") if told else in_path(tx, INTENT, call.args["id"], param="intent")
    terms = [name for name in _TERMS if name in call.params]
    if terms and payments.invoice_of(tx, intent["id"]) is not None:
        raise invalid(
            f"You cannot update the {terms[0]} of a PaymentIntent created by an invoice.", param=terms[0]
        )
    _apply(tx, intent, call.params)
    tx.put(intent)
    return intent


@route("POST", "/v1/payment_intents/{id}/confirm", params="PaymentIntentConfirmParams")
def confirm_intent(tx: Transaction, call: Call) -> StripeDict:
    """Charge a payment intent's card, or the one sent."""
    intent = _unfinished(tx, call, "confirm")
    _apply(tx, intent, call.params)
    return _confirmed(tx, intent, call.params)


@route("POST", "/v1/payment_intents/{id}/capture", params="PaymentIntentCaptureParams")
def capture_intent(tx: Transaction, call: Call) -> StripeDict:
    """Take what a card was authorized for, or a part of it; the rest is released."""
    intent, params = _unfinished(tx, call, "capture", ("requires_capture",)), call.params
    if not params.get("final_capture", True):
        raise invalid("The emulator captures once: `final_capture` is always true.", param="final_capture")
    if "metadata" in params:
        intent["metadata"] = merged(intent["metadata"], params["metadata"])
    amount = params.get("amount_to_capture")
    capture(tx, intent, intent["amount_capturable"] if amount is None else amount)
    note_capture(tx, intent)
    return intent


@route("POST", "/v1/payment_intents/{id}/cancel", params="PaymentIntentCancelParams")
def cancel_intent(tx: Transaction, call: Call) -> StripeDict:
    """Cancel a payment intent that is not finished; what was authorized is released."""
    intent = _unfinished(tx, call, "cancel", (*_CONFIRMABLE, "requires_capture"))
    if payments.invoice_of(tx, intent["id"]) is not None:
        raise invalid("You cannot cancel a PaymentIntent created by an invoice: void the invoice instead.")
    payments.cancel_intent(tx, intent, call.params.get("cancellation_reason"))
    return intent


@route("GET", "/v1/payment_intents", params="PaymentIntentListParams")
def list_intents(tx: Transaction, call: Call) -> StripeDict:
    """List payment intents, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("customer",))
    return list_answer(tx, call, INTENT, where)


@when_due(INTENT)
def expire_authorization(tx: Transaction, intent: StripeDict, _now: int) -> None:
    """Cancel an intent whose money was not captured in time."""
    tx.set_due(INTENT, intent["id"], None)
    if intent["status"] == "requires_capture":
        payments.cancel_intent(tx, intent, "automatic")


def _apply(tx: Transaction, intent: StripeDict, params: dict[str, Any]) -> None:
    check_email(params.get("receipt_email"), "receipt_email")
    set_texts(intent, params, ("description", "receipt_email", "setup_future_usage"))
    set_values(intent, params, ("amount", "capture_method", "currency"))
    if "amount" in params or "currency" in params:
        _check_amount(intent["amount"], intent["currency"])
    if "metadata" in params:
        intent["metadata"] = merged(intent["metadata"], params["metadata"])
    if "customer" in params:
        intent["customer"] = in_param(tx, "customer", params["customer"], param="customer")["id"]
    if params.get("payment_method"):
        method = _usable_method(tx, intent, params["payment_method"])
        intent.update(payment_method=method["id"], status="requires_confirmation", next_action=None)
    elif "payment_method" in params:
        intent.update(payment_method=None, status="requires_payment_method", next_action=None)


def _usable_method(tx: Transaction, intent: StripeDict, given: str) -> StripeDict:
    method = resolve(tx, given, param="payment_method")
    if method["customer"] not in (None, intent["customer"]):
        raise invalid("The payment method belongs to another customer.", param="payment_method")
    return method


def _check_amount(amount: int, currency: str) -> None:
    if amount < 1:
        raise invalid("Invalid positive integer", param="amount", code="parameter_invalid_integer")
    if amount < minimum_charge(currency):
        least = spell(minimum_charge(currency), currency)
        raise invalid(f"Amount must be at least {least}.", param="amount", code="amount_too_small")
    if amount > _LARGEST_AMOUNT:
        most = spell(_LARGEST_AMOUNT, currency)
        raise invalid(f"Amount must be no more than {most}.", param="amount", code="amount_too_large")


def _confirmed(tx: Transaction, intent: StripeDict, params: dict[str, Any]) -> StripeDict:
    """Charge the card; of an invoice's intent, pay the invoice."""
    if intent["payment_method"] is None:
        raise missing_method("PaymentIntent", "payment_intent_unexpected_state")
    method = _usable_method(tx, intent, intent["payment_method"])
    if intent["customer"] is not None:
        in_param(tx, "customer", intent["customer"], param="customer")
    unattended: Verdict | None = None
    if params.get("error_on_requires_action"):
        unattended = ACTION_REQUIRED
    if params.get("off_session"):
        unattended = AUTHENTICATION_REQUIRED
    private = tx.private(INTENT, intent["id"])
    if "return_url" in params:
        private["return_url"] = params["return_url"]
    tx.put(intent, private=private)
    invoice = payments.invoice_of(tx, intent["id"])
    if invoice is not None and invoice["status"] == "open":
        verdict = collect(tx, invoice, method=method, automatic=False)
    else:
        verdict = payments.attempt(tx, intent, method, unattended=unattended)
    answer = in_path(tx, INTENT, intent["id"])
    if verdict.status == "declined":
        raise refusal(verdict, keeps_effect=True, extra={"payment_intent": answer})
    return answer


def _unfinished(
    tx: Transaction, call: Call, verb: str, allowed: tuple[str, ...] = _CONFIRMABLE
) -> StripeDict:
    intent = in_path(tx, INTENT, call.args["id"], param="intent")
    refuse_while_open(tx, intent, verb)
    if intent["status"] not in allowed:
        raise StripeError(
            400,
            "invalid_request_error",
            f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent "
            f"with one of the following statuses may be used for that: {', '.join(allowed)}.",
            code="payment_intent_unexpected_state",
            extra={"payment_intent": intent},
        )
    return intent
