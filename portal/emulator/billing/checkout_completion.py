"""Completing a Checkout session: the payer's card is charged, and only then is there a subscription.

A failed attempt leaves nothing behind, as at Stripe since the subscription is made after the payment.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from portal.emulator.billing import payments, records
from portal.emulator.billing.bank import NOT_AUTHENTICATED, REQUIRES_ACTION, Verdict, declined, judge
from portal.emulator.billing.collecting import mark_paid
from portal.emulator.billing.debits import note_invoice_lines
from portal.emulator.billing.drafting import draft_for_subscription, pending_items
from portal.emulator.billing.finalizing import seal
from portal.emulator.billing.redemption import consume
from portal.emulator.billing.savepoints import tentative
from portal.emulator.billing.starting import start
from portal.emulator.billing.trials import announce_short_trial
from portal.emulator.events import emit
from portal.emulator.resources import entitlements, payment_methods, setup_intents
from portal.emulator.resources.customers import create_customer, update_customer
from portal.emulator.resources.tax_ids import add_tax_id
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid
from portal.emulator.wire.routes import Call

SESSION = "checkout.session"
_PAID = Verdict("succeeded")
_OF_SUBSCRIPTION = (
    "billing_cycle_anchor", "billing_cycle_anchor_config", "billing_mode", "default_tax_rates", "description",
    "invoice_settings", "metadata", "proration_behavior", "trial_end", "trial_period_days", "trial_settings",
)  # fmt: skip


@dataclass(frozen=True)
class Payer:
    """What the payer typed on the page; what is None was not asked for."""

    email: str | None = None
    name: str | None = None
    address: StripeDict | None = None
    tax_id: tuple[str, str] | None = None


def complete_checkout(
    tx: Transaction,
    session_id: str,
    method: StripeDict | None,
    *,
    payer: Payer | None = None,
    authenticated: bool | None = None,
) -> Verdict:
    """Complete an open session with a payment method that belongs to nobody yet (or to the session's customer).

    Answers `requires_action` until `authenticated` says how 3-D Secure ended, and `declined` with the reason; both
    change nothing. A session that is complete already answers `succeeded` and is not paid twice. Raises a 400 for
    an expired one, and without a method where one is needed.
    """
    session = tx.get(SESSION, session_id)
    assert session is not None, session_id
    if session["status"] == "complete":
        return _PAID
    if session["status"] != "open":
        raise invalid("This Checkout Session has expired.", param="session", code="checkout_session_expired")
    verdict = _verdict(tx, session, method, payer or Payer(), authenticated)
    if verdict.status != "succeeded":
        return verdict
    customer_id = _customer(tx, session, payer or Payer())
    if method is not None:
        if authenticated:
            payment_methods.mark_authenticated(tx, method["id"])
        if session["mode"] == "setup":
            _set_up(tx, session, method, customer_id, authenticated=bool(authenticated))
        elif customer_id is not None:
            payment_methods.attach(tx, method["id"], customer_id)
    if session["mode"] == "subscription":
        assert customer_id is not None
        _subscribe(tx, session, customer_id, method, authenticated=bool(authenticated))
    session.update(status="complete", url=None)
    tx.put(session, due_at=None)
    emit(tx, "checkout.session.completed", session)
    if session["subscription"] is not None:
        announce_short_trial(tx, session["subscription"])
    if customer_id is not None:
        entitlements.refresh(tx, customer_id)
    return _PAID


def amount_due_today(tx: Transaction, session: StripeDict, payer: Payer) -> int:
    """Work out what completing a session would charge, in minor units, the customer's balance included."""
    if session["mode"] != "subscription":
        return 0
    with tentative(tx):
        customer_id = _customer(tx, deepcopy(session), payer)
        customer = tx.get("customer", customer_id or "")
        assert customer is not None
        sub, _, lines = start(tx, customer, _params(tx, session))
        return int(
            draft_for_subscription(tx, sub, "subscription_create", lines, sub["created"])["amount_due"]
        )


def _verdict(
    tx: Transaction, session: StripeDict, method: StripeDict | None, payer: Payer, authenticated: bool | None
) -> Verdict:
    """Ask the bank before anything is made: for the charge, or for keeping the card where nothing is due."""
    due = amount_due_today(tx, session, payer)
    if method is None:
        if due > 0 or session["payment_method_collection"] == "always":
            raise invalid("A payment method is required.", param="payment_method", code="parameter_missing")
        return _PAID
    if authenticated is False:
        return NOT_AUTHENTICATED
    if due > 0:
        verdict = judge(tx, method, authenticated=bool(authenticated))
        if verdict.status != "succeeded":
            return verdict
    elif not authenticated and payment_methods.needs_authentication(tx, method["id"]):
        return REQUIRES_ACTION
    refusal = payment_methods.card_of(tx, method["id"]).on_attach
    return _PAID if refusal is None else declined(refusal)


def _customer(tx: Transaction, session: StripeDict, payer: Payer) -> str | None:
    """Find or make the customer and keep what they typed; a session to save a card may do without one."""
    details: dict[str, Any] = {}
    given = {"email": payer.email, "name": payer.name, "address": payer.address}
    given = {name: value for name, value in given.items() if value is not None}
    known = session["customer"]
    if known is None:
        if session["mode"] == "setup" and not session["customer_creation"]:
            return None
        email = session["customer_email"]
        details = {**given, **({"email": email} if email else {})}
        known = create_customer(tx, Call("POST", "/v1/customers", details))["id"]
    else:
        allowed = tx.private(SESSION, session["id"]).get("customer_update", {})
        details = {name: value for name, value in given.items() if allowed.get(name) == "auto"}
        if details:
            update_customer(tx, Call("POST", f"/v1/customers/{known}", details, {"id": known}))
    if payer.tax_id is not None:
        customer = tx.get("customer", known)
        assert customer is not None
        add_tax_id(tx, customer, *payer.tax_id)
    session["customer"] = known
    session["customer_details"] = _details(tx, known, session, payer)
    return str(known)


def _details(tx: Transaction, customer_id: str, session: StripeDict, payer: Payer) -> StripeDict:
    customer = tx.get("customer", customer_id)
    assert customer is not None
    tax_ids = [{"type": kind, "value": value} for kind, value in ([payer.tax_id] if payer.tax_id else [])]
    return {
        **(session["customer_details"] or {}),
        "address": payer.address or customer["address"],
        "business_name": None,
        "email": customer["email"] or payer.email,
        "individual_name": None,
        "name": payer.name or customer["name"],
        "phone": customer["phone"],
        "tax_exempt": customer["tax_exempt"],
        "tax_ids": tax_ids,
    }


def _set_up(
    tx: Transaction, session: StripeDict, method: StripeDict, customer_id: str | None, *, authenticated: bool
) -> None:
    """Save the card by a setup intent, and leave choosing a default to whoever asked for it."""
    aside = tx.private(SESSION, session["id"]).get("setup_intent_data", {})
    intent = setup_intents.new_setup_intent(
        tx, customer_id, metadata=aside.get("metadata"), description=aside.get("description")
    )
    tx.put({**intent, "payment_method": method["id"], "status": "requires_confirmation"})
    setup_intents.confirm(tx, intent["id"], authenticated=authenticated or None)
    session["setup_intent"] = intent["id"]


def _params(tx: Transaction, session: StripeDict) -> dict[str, Any]:
    """Turn a session into the parameters of the subscription it sells."""
    aside = tx.private(SESSION, session["id"])
    data = aside.get("subscription_data", {})
    params: dict[str, Any] = {name: data[name] for name in _OF_SUBSCRIPTION if name in data}
    params["currency"] = session["currency"]
    params["items"], params["add_invoice_items"] = [], []
    for line in aside["line_items"]:
        price = tx.get("price", line["price"])
        assert price is not None, line["price"]
        entry: dict[str, Any] = {"price": line["price"], "tax_rates": line["tax_rates"]}
        if line["quantity"] is not None:
            entry["quantity"] = line["quantity"]
        params["items" if price["recurring"] else "add_invoice_items"].append(entry)
    given = [
        {name: value for name, value in entry.items() if value is not None} for entry in session["discounts"]
    ]
    if given:
        params["discounts"] = given
    if session["automatic_tax"]["enabled"]:
        params["automatic_tax"] = {"enabled": True}
    return params


def _subscribe(
    tx: Transaction, session: StripeDict, customer_id: str, method: StripeDict | None, *, authenticated: bool
) -> None:
    """Make the subscription with its first invoice paid, announcing things in the order Stripe does."""
    customer = tx.get("customer", customer_id)
    assert customer is not None
    sub, notes, lines = start(tx, customer, _params(tx, session))
    sub["default_payment_method"] = method["id"] if method else None
    now = sub["created"]
    invoice = None
    if lines or pending_items(tx, customer_id, sub["id"]):
        invoice = draft_for_subscription(tx, sub, "subscription_create", lines, now)
        note_invoice_lines(notes, invoice)
        consume(tx, sub, invoice)
        sub["latest_invoice"] = invoice["id"]
    sub["status"] = "active" if sub["trial_end"] is None else "trialing"
    records.save(tx, sub, notes)
    if invoice is None:
        emit(tx, "customer.subscription.created", sub)
    else:
        drafted = deepcopy(invoice)
        seal(tx, invoice, now)
        if invoice["amount_due"] > 0:
            assert method is not None
            intent = payments.intent_for_invoice(tx, invoice)
            payments.attempt(tx, intent, method, authenticated=authenticated)
        emit(tx, "invoice.created", drafted)
        emit(tx, "invoice.finalized", invoice)
        emit(tx, "customer.subscription.created", sub)
        mark_paid(tx, invoice)
    paid = invoice is not None and invoice["amount_due"] > 0
    session.update(
        subscription=sub["id"],
        invoice=invoice["id"] if invoice else None,
        payment_status="paid" if paid else "no_payment_required",
    )
