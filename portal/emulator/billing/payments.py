"""Payment intents and the charges that carry them out."""

from __future__ import annotations

from typing import Any

from portal.emulator.billing.bank import NOT_AUTHENTICATED, Verdict, judge
from portal.emulator.billing.capturing import AUTHORIZED_SECONDS, release
from portal.emulator.billing.payment_shape import new_charge, new_intent, new_invoice_payment
from portal.emulator.events import emit
from portal.emulator.resources.payment_methods import attach, mark_authenticated, use_up
from portal.emulator.transaction import StripeDict, Transaction


def unannounced_intent(
    tx: Transaction, customer: StripeDict | None, amount: int, currency: str, description: str | None
) -> StripeDict:
    """Make a payment intent that waits for a payment method and is yet to be stored and announced."""
    intent_id = tx.new_id("pi")
    return new_intent(
        intent_id,
        secret=f"{intent_id}_secret_{tx.new_id('s', 25).partition('_')[2]}",
        customer=customer["id"] if customer else None,
        amount=amount,
        currency=currency,
        description=description,
        now=tx.now_for(customer["id"]) if customer else tx.wall_now(),
    )


def open_intent(
    tx: Transaction,
    customer: StripeDict | None,
    amount: int,
    currency: str,
    description: str | None,
    **details: Any,
) -> StripeDict:
    """Make and announce a payment intent that waits for a payment method; `details` are more of its fields."""
    intent = unannounced_intent(tx, customer, amount, currency, description)
    intent.update(details)
    tx.put(intent)
    emit(tx, "payment_intent.created", intent)
    return intent


def intent_for_invoice(tx: Transaction, invoice: StripeDict) -> StripeDict:
    """Make the payment intent that collects an open invoice, and tie them together."""
    reason = invoice["billing_reason"] or ""
    words = {"subscription_create": "Subscription creation", "subscription_update": "Subscription update"}
    customer = tx.get("customer", invoice["customer"])
    intent = open_intent(
        tx,
        customer,
        invoice["amount_due"],
        invoice["currency"],
        words.get(reason, f"Payment for Invoice {invoice['number']}"),
        setup_future_usage="off_session" if reason.startswith("subscription") else None,
    )
    link_invoice(tx, invoice, intent)
    return intent


def link_invoice(tx: Transaction, invoice: StripeDict, intent: StripeDict) -> None:
    """Record that an invoice is to be paid by an intent."""
    tx.put(intent, private={"invoice": invoice["id"]})
    tx.put(new_invoice_payment(tx.new_id("inpay"), invoice, intent, tx.now(invoice)))


def payments_of(tx: Transaction, invoice_id: str) -> list[StripeDict]:
    """List the payments of an invoice, the current one first."""
    found = tx.all("invoice_payment", {"invoice": invoice_id})
    return sorted(found, key=lambda payment: not payment["is_default"])


def invoice_intent(tx: Transaction, invoice_id: str) -> StripeDict | None:
    """Load the payment intent an invoice is being collected with."""
    for payment in payments_of(tx, invoice_id):
        intent = tx.get("payment_intent", payment["payment"]["payment_intent"])
        if intent is not None and intent["status"] != "canceled":
            return intent
    return None


def invoice_of(tx: Transaction, intent_id: str) -> StripeDict | None:
    """Find the invoice a payment intent collects, if it does."""
    invoice_id = tx.private("payment_intent", intent_id).get("invoice")
    return tx.get("invoice", invoice_id) if invoice_id else None


def attempt(
    tx: Transaction,
    intent: StripeDict,
    method: StripeDict,
    *,
    authenticated: bool = False,
    unattended: Verdict | None = None,
) -> Verdict:
    """Charge a payment method for an intent and announce what came of it.

    `unattended` is the answer where the payer would be asked for 3-D Secure and nobody is there.
    """
    verdict = judge(tx, method, authenticated=authenticated)
    if verdict.status == "requires_action" and unattended is not None:
        verdict = unattended
    intent["payment_method"] = method["id"]
    intent["next_action"] = None
    if verdict.status == "requires_action":
        intent["status"] = "requires_action"
        intent["next_action"] = {
            "redirect_to_url": {
                "return_url": tx.private("payment_intent", intent["id"]).get("return_url"),
                "url": f"{tx.base_url}/3ds/{intent['client_secret']}",
            },
            "type": "redirect_to_url",
        }
        tx.put(intent)
        emit(tx, "payment_intent.requires_action", intent)
        return verdict
    charge = new_charge(tx.new_id("ch"), intent, method, verdict, tx.now(intent))
    intent["latest_charge"] = charge["id"]
    tx.put(charge)
    if verdict.status == "succeeded":
        if authenticated:
            mark_authenticated(tx, method["id"])
        if intent["setup_future_usage"] and intent["customer"]:
            attach(tx, method["id"], intent["customer"])
        elif not intent["setup_future_usage"]:
            use_up(tx, method["id"])
        intent["last_payment_error"] = None
        emit(tx, "charge.succeeded", charge)
        _received(tx, intent, captured=charge["captured"])
        return verdict
    fail(tx, intent, method, verdict, charge["id"])
    emit(tx, "charge.failed", charge)
    emit(tx, "payment_intent.payment_failed", intent)
    return verdict


def _received(tx: Transaction, intent: StripeDict, *, captured: bool) -> None:
    """Record that the bank said yes: the money is there, or only set aside until it is captured."""
    if captured:
        intent.update(status="succeeded", amount_received=intent["amount"])
        event = "payment_intent.succeeded"
    else:
        intent.update(status="requires_capture", amount_capturable=intent["amount"])
        event = "payment_intent.amount_capturable_updated"
    tx.put(intent, due_at=None if captured else intent["created"] + AUTHORIZED_SECONDS)
    emit(tx, event, intent)


def fail(
    tx: Transaction, intent: StripeDict, method: StripeDict, verdict: Verdict, charge_id: str | None
) -> None:
    """Put an intent back to waiting for another payment method, with the error."""
    code = verdict.code or "card_declined"
    intent.update(
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        last_payment_error={
            "advice_code": "do_not_try_again" if verdict.hard else "try_again_later",
            "charge": charge_id,
            "code": code,
            "decline_code": verdict.decline_code,
            "doc_url": f"https://docs.stripe.com/error-codes/{code.replace('_', '-')}",
            "message": verdict.message,
            "network_advice_code": None,
            "network_decline_code": None,
            "param": None,
            "payment_method": method,
            "payment_method_type": method["type"],
            "request_log_url": None,
            "type": "card_error",
        },
    )
    tx.put(intent)


def fail_authentication(tx: Transaction, intent: StripeDict) -> None:
    """Record that 3-D Secure was not passed."""
    method = tx.get("payment_method", intent["payment_method"])
    assert method is not None, intent["id"]
    fail(tx, intent, method, NOT_AUTHENTICATED, None)
    emit(tx, "payment_intent.payment_failed", intent)


def cancel_intent(tx: Transaction, intent: StripeDict, reason: str | None) -> None:
    """Cancel an intent that has not succeeded."""
    if intent["status"] == "requires_capture":
        release(tx, intent, "charge.expired" if reason == "automatic" else "charge.refunded")
    intent.update(
        status="canceled",
        canceled_at=tx.now(intent),
        cancellation_reason=reason,
        next_action=None,
    )
    tx.put(intent)
    invoice = invoice_of(tx, intent["id"])
    for payment in payments_of(tx, invoice["id"]) if invoice else []:
        if payment["payment"]["payment_intent"] != intent["id"]:
            continue
        payment["status"] = "canceled"
        payment["status_transitions"]["canceled_at"] = tx.now(intent)
        tx.put(payment)
    emit(tx, "payment_intent.canceled", intent)
