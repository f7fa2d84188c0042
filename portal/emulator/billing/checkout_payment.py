"""Paying a Checkout session in payment mode: its payment intent, and the invoice that is made after the payment.

The intent is there from the first attempt on, as at Stripe, and tells of the attempts that fail.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from portal.emulator.billing import payments
from portal.emulator.billing.bank import NOT_AUTHENTICATED, Verdict
from portal.emulator.billing.collecting import mark_paid
from portal.emulator.billing.drafting import fill
from portal.emulator.billing.extra_items import extra_item
from portal.emulator.billing.finalizing import seal
from portal.emulator.billing.invoice_shape import new_invoice
from portal.emulator.billing.redemption import redeem
from portal.emulator.billing.tax_rates import tax_location_status
from portal.emulator.events import emit
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid

OF_INTENT = (
    "capture_method", "description", "metadata", "receipt_email", "setup_future_usage", "statement_descriptor_suffix",
)  # fmt: skip


def note_attempt(
    tx: Transaction, session: StripeDict, private: StripeDict, method: StripeDict, verdict: Verdict
) -> None:
    """Let the session's intent tell that the bank refused, or waits for 3-D Secure; the session stays open."""
    intent = _intent(tx, session, private, session["customer"])
    if verdict is not NOT_AUTHENTICATED:
        payments.attempt(tx, intent, method)
    elif intent["status"] == "requires_action":
        payments.fail_authentication(tx, intent)
    tx.put(session)


def take_payment(
    tx: Transaction,
    session: StripeDict,
    private: StripeDict,
    customer_id: str | None,
    method: StripeDict | None,
    *,
    authenticated: bool,
) -> None:
    """Charge what the bank has agreed to (nothing where nothing is due), and make the invoice if there is to be one.

    What is only authorized leaves the session unpaid until it is captured. Raises a 400 for a discount that can no
    longer be used.
    """
    customer = tx.get("customer", customer_id) if customer_id is not None else None
    discounts = _redeemed(tx, session, customer)
    intent = None
    if session["amount_total"] > 0:
        assert method is not None
        intent = _intent(tx, session, private, customer_id)
        payments.attempt(tx, intent, method, authenticated=authenticated)
    if session["invoice_creation"]["enabled"]:
        assert customer is not None
        session["invoice"] = _invoice(tx, session, private, customer, discounts, intent)
    if intent is None:
        session["payment_status"] = "no_payment_required"
    elif intent["status"] == "succeeded":
        session["payment_status"] = "paid"


def note_capture(tx: Transaction, intent: StripeDict) -> None:
    """Record that the authorized payment of a session was captured, if the intent is one's."""
    session = _session_of(tx, intent)
    if session is not None:
        tx.put({**session, "payment_status": "paid"})


def refuse_while_open(tx: Transaction, intent: StripeDict, verb: str) -> None:
    """Raise a 400 for touching the intent of a session that is still open: its payer does that."""
    session = _session_of(tx, intent)
    if session is not None and session["status"] == "open":
        raise invalid(
            f"You cannot {verb} a PaymentIntent that was created by a Checkout Session. To cancel it, expire the "
            "Checkout Session instead.",
            param="intent",
        )


def _session_of(tx: Transaction, intent: StripeDict) -> StripeDict | None:
    return tx.get("checkout.session", tx.private("payment_intent", intent["id"]).get("checkout_session", ""))


def _intent(tx: Transaction, session: StripeDict, private: StripeDict, customer_id: str | None) -> StripeDict:
    """Load the session's payment intent, or make it; its amount follows the session."""
    known = tx.get("payment_intent", session["payment_intent"] or "")
    if known is not None:
        return {**known, "amount": session["amount_total"], "customer": customer_id}
    customer = tx.get("customer", customer_id) if customer_id is not None else None
    data: dict[str, Any] = {
        name: None if value == "" else value for name, value in private["payment_intent_data"].items()
    }
    description = data.pop("description", None)
    intent = payments.open_intent(
        tx, customer, session["amount_total"], session["currency"], description, **data
    )
    tx.put(intent, private={"checkout_session": session["id"]})
    session["payment_intent"] = intent["id"]
    return intent


def _redeemed(tx: Transaction, session: StripeDict, customer: StripeDict | None) -> list[str]:
    wanted = [
        {name: value for name, value in entry.items() if value is not None} for entry in session["discounts"]
    ]
    now = tx.wall_now() if customer is None else tx.now_for(customer["id"])
    return redeem(
        tx,
        wanted,
        customer=customer,
        now=now,
        currency=session["currency"],
        param="discounts",
        checkout_session=session["id"],
    )


def _invoice(
    tx: Transaction,
    session: StripeDict,
    private: StripeDict,
    customer: StripeDict,
    discounts: list[str],
    intent: StripeDict | None,
) -> str:
    """Make the invoice of what was bought, paid by the session's intent, and return its id."""
    now = tx.now_for(customer["id"])
    invoice = new_invoice(tx.new_id("in"), customer, session["currency"], "manual", now)
    data = session["invoice_creation"]["invoice_data"]
    details = session["customer_details"]
    invoice.update(
        customer_address=details["address"],
        customer_name=details["name"],
        custom_fields=data["custom_fields"],
        description=data["description"],
        discounts=discounts,
        footer=data["footer"] or customer["invoice_settings"]["footer"],
        metadata=data["metadata"],
    )
    if session["automatic_tax"]["enabled"]:
        invoice["automatic_tax"].update(
            enabled=True, liability={"type": "self"}, provider="stripe", status=tax_location_status(invoice)
        )
    items = [
        extra_item(tx, line, customer, session["currency"], now, "line_items")
        for line in private["line_items"]
    ]
    fill(tx, invoice, [], items)
    # The payment was for the whole amount: the customer's balance is for invoices that are yet to be paid.
    invoice.update(amount_due=invoice["total"], amount_remaining=invoice["total"])
    drafted = deepcopy(invoice)
    seal(tx, invoice, now, with_balance=False)
    if intent is not None:
        payments.link_invoice(tx, invoice, intent)
    emit(tx, "invoice.created", drafted)
    emit(tx, "invoice.finalized", invoice)
    mark_paid(tx, invoice)
    return str(invoice["id"])
