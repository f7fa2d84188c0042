"""Setup intents: saving a card for later, with 3-D Secure where the card asks for it."""

from typing import Any

from portal.emulator.billing.pending_setup import after_setup
from portal.emulator.events import emit
from portal.emulator.resources import payment_methods
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, card_declined, invalid
from portal.emulator.wire.fields import set_texts, set_values
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

INTENT = "setup_intent"
_NOT_AUTHENTICATED = (
    "We are unable to authenticate your payment method. "
    "Please choose a different payment method and try again."
)
_CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


@route("POST", "/v1/setup_intents", params="SetupIntentCreateParams")
def create_setup_intent(tx: Transaction, call: Call) -> StripeDict:
    """Create a setup intent, and confirm it at once with `confirm`."""
    params = call.params
    confirmed = params.get("confirm", False)
    if "return_url" in params and not confirmed:
        raise invalid("`return_url` can only be used with `confirm=true`.", param="return_url")
    intent = _unannounced(tx, params.get("customer"), params.get("usage", "off_session"))
    automatic = params.get("automatic_payment_methods", {})
    intent["automatic_payment_methods"] = {
        "allow_redirects": automatic.get("allow_redirects", "always"),
        "enabled": automatic.get("enabled", True),
    }
    _apply(tx, intent, params)
    tx.put(intent)
    emit(tx, "setup_intent.created", intent)
    return _confirmed(tx, intent["id"], params.get("return_url")) if confirmed else intent


def new_setup_intent(
    tx: Transaction,
    customer_id: str | None,
    *,
    metadata: dict[str, str] | None = None,
    description: str | None = None,
) -> StripeDict:
    """Make and announce a setup intent that waits for a payment method."""
    intent = _unannounced(tx, customer_id, "off_session")
    intent.update(metadata=metadata or {}, description=description)
    tx.put(intent)
    emit(tx, "setup_intent.created", intent)
    return intent


def _unannounced(tx: Transaction, customer_id: str | None, usage: str) -> StripeDict:
    intent_id = tx.new_id("seti")
    return {
        "id": intent_id,
        "object": INTENT,
        "allowed_payment_method_types": None,
        "application": None,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "cancellation_reason": None,
        "client_secret": f"{intent_id}_secret_{tx.new_id('s', 16).removeprefix('s_')}",
        "created": tx.now_for(customer_id),
        "customer": customer_id,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "managed_payments": None,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"network": None, "request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": usage,
    }


@route("GET", "/v1/setup_intents/{id}", params="SetupIntentRetrieveParams")
def retrieve_setup_intent(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a setup intent."""
    return in_path(tx, INTENT, call.args["id"], param="intent")


@route("POST", "/v1/setup_intents/{id}", params="SetupIntentUpdateParams")
def update_setup_intent(tx: Transaction, call: Call) -> StripeDict:
    """Update a setup intent; of a finished one, only its description and metadata."""
    told = [name for name in ("customer", "payment_method") if name in call.params]
    intent = _unfinished(tx, call) if told else in_path(tx, INTENT, call.args["id"], param="intent")
    _apply(tx, intent, call.params)
    tx.put(intent)
    return intent


@route("POST", "/v1/setup_intents/{id}/confirm", params="SetupIntentConfirmParams")
def confirm_setup_intent(tx: Transaction, call: Call) -> StripeDict:
    """Confirm a setup intent with its payment method or the one sent."""
    intent = _unfinished(tx, call)
    if "payment_method" in call.params:
        _use_method(tx, intent, call.params["payment_method"])
        tx.put(intent)
    return _confirmed(tx, intent["id"], call.params.get("return_url"))


@route("POST", "/v1/setup_intents/{id}/cancel", params="SetupIntentCancelParams")
def cancel_setup_intent(tx: Transaction, call: Call) -> StripeDict:
    """Cancel a setup intent that is not finished."""
    intent = _unfinished(tx, call)
    intent |= {
        "status": "canceled",
        "cancellation_reason": call.params.get("cancellation_reason"),
        "next_action": None,
    }
    tx.put(intent)
    emit(tx, "setup_intent.canceled", intent)
    return intent


@route("GET", "/v1/setup_intents", params="SetupIntentListParams")
def list_setup_intents(tx: Transaction, call: Call) -> StripeDict:
    """List setup intents, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("customer", "payment_method"))
    return list_answer(tx, call, INTENT, where)


def confirm(tx: Transaction, intent_id: str, *, authenticated: bool | None = None) -> StripeDict:
    """Try to save the intent's payment method and return the intent: succeeded, requires_action (3-D Secure is to
    be answered), or requires_payment_method with `last_setup_error`.

    `authenticated` is the payer's answer to 3-D Secure, once there is one.
    """
    intent = tx.get(INTENT, intent_id)
    assert intent is not None, intent_id
    method_id = intent["payment_method"]
    if authenticated is False:
        return _failed(tx, intent, "setup_intent_authentication_failure", None, _NOT_AUTHENTICATED)
    if authenticated is None and payment_methods.needs_authentication(tx, method_id):
        intent |= {"status": "requires_action", "next_action": _redirect(tx, intent)}
        tx.put(intent)
        emit(tx, "setup_intent.requires_action", intent)
        return intent
    decline = payment_methods.card_of(tx, method_id).on_attach
    if decline is not None:
        return _failed(tx, intent, decline.code, decline.decline_code, decline.message)
    payment_methods.mark_authenticated(tx, method_id)
    intent |= {"status": "succeeded", "next_action": None, "last_setup_error": None}
    tx.put(intent)
    emit(tx, "setup_intent.succeeded", intent)
    if intent["customer"] is not None:
        payment_methods.attach(tx, method_id, intent["customer"])
    after_setup(tx, intent)
    return intent


def _apply(tx: Transaction, intent: StripeDict, params: dict[str, Any]) -> None:
    if "customer" in params:
        intent["customer"] = in_param(tx, "customer", params["customer"], param="customer")["id"]
    set_texts(intent, params, ("description",))
    if "metadata" in params:
        intent["metadata"] = merged(intent["metadata"], params["metadata"])
    if "payment_method" in params:
        _use_method(tx, intent, params["payment_method"])


def _confirmed(tx: Transaction, intent_id: str, return_url: str | None) -> StripeDict:
    intent = in_param(tx, INTENT, intent_id, param="intent")
    if intent["payment_method"] is None:
        raise payment_methods.missing_method("SetupIntent", "setup_intent_unexpected_state")
    _use_method(tx, intent, intent["payment_method"])
    if intent["customer"] is not None:
        in_param(tx, "customer", intent["customer"], param="customer")
    if return_url is not None:
        tx.put(intent, private={"return_url": return_url})
    answered = confirm(tx, intent_id)
    error = answered["last_setup_error"]
    if answered["status"] == "requires_payment_method" and error is not None:
        raise card_declined(
            error["message"],
            code=error["code"],
            decline_code=error.get("decline_code"),
            extra={"setup_intent": answered},
        )
    return answered


def _failed(
    tx: Transaction, intent: StripeDict, code: str, decline_code: str | None, message: str
) -> StripeDict:
    method = tx.get(payment_methods.METHOD, intent["payment_method"])
    error = {"code": code, "message": message, "payment_method": method, "type": "card_error"}
    if decline_code is not None:
        error["decline_code"] = decline_code
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_setup_error": error,
    }
    tx.put(intent)
    emit(tx, "setup_intent.setup_failed", intent)
    return intent


def _redirect(tx: Transaction, intent: StripeDict) -> StripeDict:
    return_url = tx.private(INTENT, intent["id"]).get("return_url")
    if return_url is None:
        return {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    url = f"{tx.base_url}/3ds/{intent['client_secret']}"
    return {"redirect_to_url": {"return_url": return_url, "url": url}, "type": "redirect_to_url"}


def _use_method(tx: Transaction, intent: StripeDict, given: str) -> None:
    method = payment_methods.resolve(tx, given, param="payment_method")
    if method["customer"] not in (None, intent["customer"]):
        raise invalid("The payment method belongs to another customer.", param="payment_method")
    intent["payment_method"] = method["id"]
    if intent["status"] == "requires_payment_method":
        intent["status"] = "requires_confirmation"


def _unfinished(tx: Transaction, call: Call) -> StripeDict:
    intent = in_path(tx, INTENT, call.args["id"], param="intent")
    if intent["status"] not in _CONFIRMABLE:
        raise StripeError(
            400,
            "invalid_request_error",
            f"You cannot change this SetupIntent because it has a status of {intent['status']}.",
            code="setup_intent_unexpected_state",
            extra={"setup_intent": intent},
        )
    return intent
