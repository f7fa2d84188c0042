"""Completing a Checkout session: the payer's card is charged, and only then is there what they bought.

A failed attempt leaves nothing of a subscription behind, as at Stripe since it is made after the payment; in payment
mode the payment intent tells of it.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from portal.emulator.billing import payments, records
from portal.emulator.billing.bank import NOT_AUTHENTICATED, REQUIRES_ACTION, Verdict, declined, judge
from portal.emulator.billing.checkout_payer import SESSION, Payer, customer_of_payer
from portal.emulator.billing.checkout_payment import note_attempt, take_payment
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
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid

_PAID = Verdict("succeeded")
OF_SUBSCRIPTION = (
    "billing_cycle_anchor", "billing_cycle_anchor_config", "billing_mode", "default_tax_rates", "description",
    "invoice_settings", "metadata", "proration_behavior", "trial_end", "trial_period_days", "trial_settings",
)  # fmt: skip


def complete_checkout(
    tx: Transaction,
    session_id: str,
    method: StripeDict | None,
    *,
    payer: Payer | None = None,
    authenticated: bool | None = None,
) -> Verdict:
    """Complete an open session with a payment method that belongs to nobody yet (or to the session's customer).

    Answers `requires_action` until `authenticated` says how 3-D Secure ended, and `declined` with the reason; the
    session stays open then. One that is complete already answers `succeeded` and is not paid twice. Raises a 400 for
    an expired one, and without a method where one is needed.
    """
    payer = payer or Payer()
    session = tx.get(SESSION, session_id)
    assert session is not None, session_id
    if session["status"] == "complete":
        return _PAID
    if session["status"] != "open":
        raise invalid("This Checkout Session has expired.", param="session", code="checkout_session_expired")
    private = tx.private(SESSION, session_id)
    verdict = _verdict(tx, session, method, payer, authenticated)
    if verdict.status != "succeeded":
        if session["mode"] == "payment" and method is not None:
            note_attempt(tx, session, private, method, verdict)
        return verdict
    customer_id = customer_of_payer(tx, session, payer)
    if method is not None:
        if authenticated:
            payment_methods.mark_authenticated(tx, method["id"])
        _keep_card(tx, session, private, method, wanted=payer.save_card)
    if session["mode"] == "subscription":
        assert customer_id is not None
        _subscribe(tx, session, customer_id, method, authenticated=bool(authenticated))
    elif session["mode"] == "payment":
        take_payment(tx, session, private, customer_id, method, authenticated=bool(authenticated))
    elif method is not None:
        _set_up(tx, session, method, customer_id, authenticated=bool(authenticated))
    for field in session["custom_fields"]:
        field[field["type"]]["value"] = payer.answers.get(field["key"])
    session.update(status="complete", url=None, consent=_consent(session))
    tx.put(session, due_at=None)
    emit(tx, "checkout.session.completed", session)
    if session["subscription"] is not None:
        announce_short_trial(tx, session["subscription"])
    if customer_id is not None:
        entitlements.refresh(tx, customer_id)
    return _PAID


def _consent(session: StripeDict) -> StripeDict | None:
    asked = (session["consent_collection"] or {}).get("terms_of_service") == "required"
    return {"promotions": None, "terms_of_service": "accepted"} if asked else None


def amount_due_today(tx: Transaction, session: StripeDict, payer: Payer) -> int:
    """Work out what completing a session would charge, in minor units, the customer's balance included."""
    if session["mode"] != "subscription":
        return int(session["amount_total"] or 0)
    with tentative(tx):
        customer_id = customer_of_payer(tx, deepcopy(session), payer)
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


def _keep_card(
    tx: Transaction, session: StripeDict, private: StripeDict, method: StripeDict, *, wanted: bool
) -> None:
    """Keep a new card with the customer if the payer wants that, or the merchant is to charge it again later.

    `allow_redisplay` says whether Checkout offers the card again: only where the payer has agreed.
    """
    if session["customer"] is None or method["customer"] is not None:
        return
    if not wanted and not keeps_card(session, private):
        return
    tx.put({**method, "allow_redisplay": "always" if wanted or session["mode"] == "setup" else "limited"})
    # A setup intent attaches the card itself.
    if session["mode"] != "setup":
        payment_methods.attach(tx, method["id"], session["customer"])


def keeps_card(session: StripeDict, private: StripeDict) -> bool:
    """Say whether the merchant charges the card again later, so that it is kept without being asked for."""
    return session["mode"] != "payment" or "setup_future_usage" in private["payment_intent_data"]


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
    params: dict[str, Any] = {name: data[name] for name in OF_SUBSCRIPTION if name in data}
    params["currency"] = session["currency"]
    params["items"], params["add_invoice_items"] = [], []
    for line in aside["line_items"]:
        price = tx.get("price", line["price"])
        assert price is not None, line["price"]
        key, kind = ("agreed_price", "items") if price["recurring"] else ("price", "add_invoice_items")
        entry: dict[str, Any] = {key: line["price"], "tax_rates": line["tax_rates"]}
        if line["quantity"] is not None:
            entry["quantity"] = line["quantity"]
        params[kind].append(entry)
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
