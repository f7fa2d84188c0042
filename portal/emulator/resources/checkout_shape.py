"""The JSON of a new Checkout session, every key present."""

from typing import Any

from portal.emulator.resources.checkout_fields import new_fields
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.fields import text
from portal.emulator.wire.metadata import merged

SESSION = "checkout.session"
DEFAULT_LIFETIME = 24 * 3600
_CUSTOM_TEXTS = ("after_submit", "submit", "terms_of_service_acceptance")


def new_session(
    tx: Transaction, params: dict[str, Any], customer: StripeDict | None, currency: str | None
) -> StripeDict:
    """Make an open session from checked parameters; it has no amounts yet and is not stored."""
    session_id, mode, now = tx.new_id("cs_test", 58), params["mode"], tx.wall_now()
    return {
        "id": session_id,
        "object": SESSION,
        "adaptive_pricing": None if mode == "setup" else {"enabled": False},
        "after_expiration": _after_expiration(params.get("after_expiration")),
        "allow_promotion_codes": params.get("allow_promotion_codes"),
        "allowed_payment_method_types": None,
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
        "consent_collection": _consent_collection(params.get("consent_collection")),
        "created": now,
        "currency": currency,
        "currency_conversion": None,
        "custom_fields": new_fields(params),
        "custom_text": {
            "shipping_address": None,
            **{name: params.get("custom_text", {}).get(name) or None for name in _CUSTOM_TEXTS},
        },
        "customer": customer["id"] if customer is not None else None,
        "customer_account": None,
        "customer_creation": _customer_creation(params) if customer is None else None,
        "customer_details": _customer_details(customer, params.get("customer_email")),
        "customer_email": text(params.get("customer_email")),
        "discounts": [
            {"coupon": text(entry.get("coupon")), "promotion_code": text(entry.get("promotion_code"))}
            for entry in params.get("discounts", [])
        ],
        "excluded_payment_method_types": None,
        "expires_at": params.get("expires_at", now + DEFAULT_LIFETIME),
        "integration_identifier": text(params.get("integration_identifier")),
        "invoice": None,
        "invoice_creation": _invoice_creation(params.get("invoice_creation")) if mode == "payment" else None,
        "livemode": False,
        "locale": params.get("locale"),
        "managed_payments": None,
        "metadata": merged(None, params.get("metadata")),
        "mode": mode,
        "name_collection": None,
        "optional_items": None,
        "origin_context": params.get("origin_context"),
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": _payment_method_collection(params),
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "no_payment_required" if mode == "setup" else "unpaid",
        "permissions": None,
        "phone_number_collection": {
            "enabled": params.get("phone_number_collection", {}).get("enabled", False)
        },
        "presentment_details": None,
        "recovered_from": None,
        "redirect_on_completion": None,
        "return_url": None,
        "saved_payment_method_options": _saved_methods(params) if mode != "setup" else None,
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


def _consent_collection(sent: dict[str, Any] | None) -> StripeDict | None:
    if sent is None:
        return None
    return {
        "payment_method_reuse_agreement": None,
        "promotions": None,
        "terms_of_service": sent.get("terms_of_service"),
    }


def _customer_creation(params: dict[str, Any]) -> str:
    if params["mode"] == "subscription":
        return "always"
    return str(params.get("customer_creation", "if_required"))


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


def _invoice_creation(sent: dict[str, Any] | None) -> StripeDict:
    data = (sent or {}).get("invoice_data", {})
    return {
        "enabled": bool(sent and sent["enabled"]),
        "invoice_data": {
            "account_tax_ids": None,
            "custom_fields": data.get("custom_fields") or None,
            "description": text(data.get("description")),
            "footer": text(data.get("footer")),
            "issuer": None,
            "metadata": merged(None, data.get("metadata")),
            "rendering_options": None,
        },
    }


def _payment_method_collection(params: dict[str, Any]) -> str:
    if params["mode"] == "payment":
        return "if_required"
    return str(params.get("payment_method_collection", "always"))


def _saved_methods(params: dict[str, Any]) -> StripeDict:
    sent = params.get("saved_payment_method_options", {})
    return {
        "allow_redisplay_filters": sent.get("allow_redisplay_filters", ["always"]),
        "payment_method_remove": "disabled",
        "payment_method_save": sent.get("payment_method_save"),
    }


def _tax_id_collection(sent: dict[str, Any] | None) -> StripeDict:
    return {"enabled": bool(sent and sent["enabled"]), "required": (sent or {}).get("required", "never")}
