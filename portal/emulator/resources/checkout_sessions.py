"""Checkout sessions: the API side. What the payer does on the hosted page, and completion, are elsewhere."""

from typing import Any

from portal.emulator.billing.agenda import when_due
from portal.emulator.billing.currencies import refuse_second_currency
from portal.emulator.events import emit
from portal.emulator.resources.checkout_items import line_item, new_line_items, reprice
from portal.emulator.resources.checkout_rules import check_session_params
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid
from portal.emulator.wire.expand import included_on_expand
from portal.emulator.wire.fields import set_values, text
from portal.emulator.wire.lookup import in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer, list_of, page_of
from portal.emulator.wire.routes import Call, route

SESSION = "checkout.session"
_DEFAULT_LIFETIME = 24 * 3600
# What the page and the completion need and the object does not show.
_KEPT_ASIDE = ("subscription_data", "setup_intent_data", "customer_update")


@route("POST", "/v1/checkout/sessions", params="checkout.SessionCreateParams")
def create_session(tx: Transaction, call: Call) -> StripeDict:
    """Create a Checkout session with its hosted page, for a subscription or to save a card."""
    params = call.params
    customer = check_session_params(tx, params)
    items, currency = new_line_items(tx, params)
    if customer is not None and currency is not None and params["mode"] == "subscription":
        refuse_second_currency(tx, customer, currency)
    session = _new_session(tx, params, customer, currency)
    private = {name: params.get(name, {}) for name in _KEPT_ASIDE} | {"line_items": items}
    reprice(tx, session, private)
    tx.put(session, due_at=session["expires_at"], private=private, in_wall_time=True)
    return session


@route("GET", "/v1/checkout/sessions/{id}", params="checkout.SessionRetrieveParams")
def retrieve_session(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a Checkout session."""
    return in_path(tx, SESSION, call.args["id"], param="session")


@route("POST", "/v1/checkout/sessions/{id}", params="checkout.SessionUpdateParams")
def update_session(tx: Transaction, call: Call) -> StripeDict:
    """Annotate a Checkout session."""
    session = in_path(tx, SESSION, call.args["id"], param="session")
    unsupported = call.params.keys() - {"metadata", "expand"}
    if unsupported:
        raise invalid(
            f"The emulator updates the metadata of a Checkout session only, not {', '.join(sorted(unsupported))}.",
            param=min(unsupported),
        )
    if "metadata" in call.params:
        session["metadata"] = merged(session["metadata"], call.params["metadata"])
    tx.put(session)
    return session


@route("POST", "/v1/checkout/sessions/{id}/expire", params="checkout.SessionExpireParams")
def expire_session(tx: Transaction, call: Call) -> StripeDict:
    """Expire an open Checkout session at once."""
    session = in_path(tx, SESSION, call.args["id"], param="session")
    if session["status"] != "open":
        raise invalid(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of {session['status']}.",
            param="session",
        )
    return expire(tx, session["id"])


def expire(tx: Transaction, session_id: str) -> StripeDict:
    """Expire a Checkout session if it is still open; return it as it is afterwards."""
    session = tx.get(SESSION, session_id)
    assert session is not None, session_id
    if session["status"] != "open":
        return session
    session |= {"status": "expired", "url": None}
    recovery = (session["after_expiration"] or {}).get("recovery")
    if recovery is not None and recovery["enabled"]:
        recovery["expires_at"] = tx.wall_now() + 30 * 24 * 3600
        recovery["url"] = f"{tx.base_url}/r/{session_id}"
    tx.put(session, due_at=None)
    emit(tx, "checkout.session.expired", session)
    return session


def recover(tx: Transaction, session_id: str) -> StripeDict | None:
    """Open a new session like an expired one whose recovery link is still good; None where there is no such link."""
    expired = tx.get(SESSION, session_id)
    recovery = ((expired or {}).get("after_expiration") or {}).get("recovery") or {}
    if expired is None or not recovery.get("url") or recovery["expires_at"] <= tx.wall_now():
        return None
    new_id, now = tx.new_id("cs_test", 58), tx.wall_now()
    session = {
        **expired,
        "id": new_id,
        "after_expiration": None,
        "allow_promotion_codes": recovery["allow_promotion_codes"] or expired["allow_promotion_codes"],
        "created": now,
        "expires_at": now + _DEFAULT_LIFETIME,
        "recovered_from": session_id,
        "status": "open",
        "url": f"{tx.base_url}/c/pay/{new_id}",
    }
    private = tx.private(SESSION, session_id)
    tx.put(session, due_at=session["expires_at"], private=private, in_wall_time=True)
    return session


@when_due(SESSION)
def expire_when_due(tx: Transaction, session: StripeDict, _at: int) -> None:
    """Expire a session whose time has come."""
    expire(tx, session["id"])


@route("GET", "/v1/checkout/sessions", params="checkout.SessionListParams")
def list_sessions(tx: Transaction, call: Call) -> StripeDict:
    """List Checkout sessions, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("customer", "payment_intent", "status", "subscription"))
    if "customer_details" in call.params:
        where["customer_details.email"] = call.params["customer_details"]["email"]
    return list_answer(tx, call, SESSION, where)


@route("GET", "/v1/checkout/sessions/{id}/line_items", params="checkout.SessionListLineItemsParams")
def list_line_items(tx: Transaction, call: Call) -> StripeDict:
    """List the line items of a Checkout session."""
    session = in_path(tx, SESSION, call.args["id"], param="session")
    return page_of(call, [line_item(tx, item) for item in tx.private(SESSION, session["id"])["line_items"]])


@included_on_expand(SESSION, "line_items")
def line_items_of(tx: Transaction, session: StripeDict) -> StripeDict:
    """Return the line items of a Checkout session as a list object."""
    items = [line_item(tx, item) for item in tx.private(SESSION, session["id"])["line_items"]]
    return list_of(items, f"/v1/checkout/sessions/{session['id']}/line_items")


def _new_session(
    tx: Transaction, params: dict[str, Any], customer: StripeDict | None, currency: str | None
) -> StripeDict:
    session_id, mode, now = tx.new_id("cs_test", 58), params["mode"], tx.wall_now()
    subscribing = mode == "subscription"
    return {
        "id": session_id,
        "object": SESSION,
        "adaptive_pricing": None if mode == "setup" else {"enabled": False},
        "after_expiration": _after_expiration(params.get("after_expiration")),
        "allow_promotion_codes": params.get("allow_promotion_codes"),
        "amount_subtotal": None,
        "amount_total": None,
        "automatic_tax": _automatic_tax(params.get("automatic_tax")),
        "billing_address_collection": params.get("billing_address_collection"),
        "branding_settings": None,
        "cancel_url": text(params.get("cancel_url")),
        "client_reference_id": text(params.get("client_reference_id")),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": now,
        "currency": currency,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            name: params.get("custom_text", {}).get(name) or None
            for name in ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
        },
        "customer": customer["id"] if customer is not None else None,
        "customer_account": None,
        "customer_creation": "always" if subscribing and customer is None else None,
        "customer_details": _customer_details(customer, params.get("customer_email")),
        "customer_email": text(params.get("customer_email")),
        "discounts": [
            {"coupon": text(entry.get("coupon")), "promotion_code": text(entry.get("promotion_code"))}
            for entry in params.get("discounts", [])
        ],
        "expires_at": params.get("expires_at", now + _DEFAULT_LIFETIME),
        "integration_identifier": text(params.get("integration_identifier")),
        "invoice": None,
        "invoice_creation": None,
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": merged(None, params.get("metadata")),
        "mode": mode,
        "origin_context": params.get("origin_context"),
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": params.get("payment_method_collection", "always")
        if subscribing
        else "always",
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "unpaid" if subscribing else "no_payment_required",
        "permissions": None,
        "phone_number_collection": params.get("phone_number_collection", {"enabled": False}),
        "presentment_details": None,
        "recovered_from": None,
        "saved_payment_method_options": {
            "allow_redisplay_filters": ["always"],
            "payment_method_remove": "disabled",
            "payment_method_save": None,
        },
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": params.get("submit_type"),
        "subscription": None,
        "success_url": params["success_url"],
        "tax_id_collection": _tax_id_collection(params.get("tax_id_collection")),
        "total_details": None,
        "ui_mode": "hosted_page",
        "url": f"{tx.base_url}/c/pay/{session_id}",
        "wallet_options": None,
    }


def _after_expiration(sent: dict[str, Any] | None) -> StripeDict | None:
    if not sent or "recovery" not in sent:
        return None
    recovery = {"allow_promotion_codes": False, **sent["recovery"], "expires_at": None, "url": None}
    return {"recovery": recovery}


def _automatic_tax(sent: dict[str, Any] | None) -> StripeDict:
    if not sent or not sent["enabled"]:
        return {"enabled": False, "liability": None, "provider": None, "status": None}
    return {
        "enabled": True,
        "liability": {"type": "self"},
        "provider": "stripe",
        "status": "requires_location_inputs",
    }


def _tax_id_collection(sent: dict[str, Any] | None) -> StripeDict:
    return {"enabled": bool(sent and sent["enabled"]), "required": (sent or {}).get("required", "never")}


def _customer_details(customer: StripeDict | None, email: str | None) -> StripeDict | None:
    if customer is None and not email:
        return None
    known: StripeDict = customer or {}
    return {
        "address": known.get("address"),
        "business_name": None,
        "email": known.get("email") or email,
        "individual_name": None,
        "name": known.get("name"),
        "phone": known.get("phone"),
        "tax_exempt": known.get("tax_exempt", "none"),
        "tax_ids": None,
    }
