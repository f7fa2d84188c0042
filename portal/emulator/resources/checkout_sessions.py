"""Checkout sessions: the API side. What the payer does on the hosted page, and completion, are elsewhere."""

from typing import Any

from portal.emulator.billing.agenda import when_due
from portal.emulator.billing.checkout_completion import OF_SUBSCRIPTION, amount_due_today
from portal.emulator.billing.checkout_payer import Payer
from portal.emulator.billing.checkout_payment import OF_INTENT
from portal.emulator.billing.currencies import refuse_second_currency
from portal.emulator.billing.payments import cancel_intent
from portal.emulator.events import emit
from portal.emulator.resources.checkout_amounts import reprice
from portal.emulator.resources.checkout_items import line_item, new_line_items
from portal.emulator.resources.checkout_rules import check_session_params
from portal.emulator.resources.checkout_shape import DEFAULT_LIFETIME, SESSION, new_session
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, invalid
from portal.emulator.wire.expand import included_on_expand
from portal.emulator.wire.fields import set_values
from portal.emulator.wire.lookup import in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer, list_of, page_of
from portal.emulator.wire.routes import Call, route

# What the page and the completion need and the object does not show.
_KEPT_ASIDE = {
    "subscription_data": OF_SUBSCRIPTION,
    "payment_intent_data": OF_INTENT,
    "setup_intent_data": ("description", "metadata"),
    "customer_update": ("address", "name"),
}


@route("POST", "/v1/checkout/sessions", params="checkout.SessionCreateParams")
def create_session(tx: Transaction, call: Call) -> StripeDict:
    """Create a Checkout session with its hosted page: for a subscription, one payment, or to save a card."""
    params = call.params
    customer = check_session_params(tx, params)
    items, currency = new_line_items(tx, params)
    if customer is not None and currency is not None and params["mode"] == "subscription":
        refuse_second_currency(tx, customer, currency)
    session = new_session(tx, params, customer, currency)
    private: StripeDict = {"line_items": items}
    for name, known in _KEPT_ASIDE.items():
        sent = params.get(name, {})
        private[name] = {field: sent[field] for field in known if field in sent}
        if "metadata" in private[name]:
            private[name]["metadata"] = merged(None, private[name]["metadata"])
    reprice(tx, session, private)
    tx.put(session, due_at=session["expires_at"], private=private, in_wall_time=True)
    _rehearse(tx, session)
    return session


def _rehearse(tx: Transaction, session: StripeDict) -> None:
    """Raise a 400 now for a subscription that could not be made once it is paid."""
    try:
        amount_due_today(tx, session, Payer())
    except StripeError as refusal:
        name, bracket, rest = (refusal.param or "").partition("[")
        if name in OF_SUBSCRIPTION:
            refusal.param = f"subscription_data[{name}]{bracket}{rest}"
        elif name in ("items", "add_invoice_items"):
            refusal.param = "line_items"
        raise


@route("GET", "/v1/checkout/sessions/{id}", params="checkout.SessionRetrieveParams")
def retrieve_session(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a Checkout session."""
    return in_path(tx, SESSION, call.args["id"], param="session")


@route("POST", "/v1/checkout/sessions/{id}", params="checkout.SessionUpdateParams")
def update_session(tx: Transaction, call: Call) -> StripeDict:
    """Annotate a Checkout session; the rest of one with a hosted page cannot be updated."""
    session = in_path(tx, SESSION, call.args["id"], param="session")
    fixed = call.params.keys() - {"metadata", "expand"}
    if fixed:
        raise invalid(
            f"You can only update `{min(fixed)}` when `ui_mode` is `elements` or `embedded_page`.",
            param=min(fixed),
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
    """Expire a Checkout session if it is still open, with the payment it began; return it as it is afterwards."""
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
    intent = tx.get("payment_intent", session["payment_intent"] or "")
    if intent is not None:
        cancel_intent(tx, intent, "automatic")
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
        "expires_at": now + DEFAULT_LIFETIME,
        "payment_intent": None,
        "recovered_from": session_id,
        "status": "open",
        "url": f"{tx.base_url}/c/pay/{new_id}",
    }
    private = tx.private(SESSION, session_id)
    private.pop("pending", None)
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
