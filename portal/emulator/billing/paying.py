"""Paying by a payer who is present: the hosted invoice page, and the answer to 3-D Secure."""

from __future__ import annotations

from portal.emulator.billing import payments
from portal.emulator.billing.bank import NOT_AUTHENTICATED, Verdict
from portal.emulator.billing.collecting import collect, mark_failed
from portal.emulator.transaction import StripeDict, Transaction


def pay_by_hand(
    tx: Transaction, invoice: StripeDict, method: StripeDict, *, authenticated: bool | None = None
) -> Verdict:
    """Pay an open invoice with a card the payer gave; `authenticated` is their answer to 3-D Secure, once asked."""
    if authenticated is False:
        intent = payments.invoice_intent(tx, invoice["id"])
        if intent is not None and intent["status"] == "requires_action":
            payments.fail_authentication(tx, intent)
        mark_failed(tx, invoice, NOT_AUTHENTICATED, automatic=False)
        return NOT_AUTHENTICATED
    return collect(tx, invoice, method=method, automatic=False, authenticated=bool(authenticated))


def authenticate(tx: Transaction, intent: StripeDict, *, passed: bool) -> StripeDict:
    """Take the answer to an intent's 3-D Secure, carry on, and return the intent."""
    method = tx.get("payment_method", intent["payment_method"])
    assert method is not None, intent["id"]
    invoice = payments.invoice_of(tx, intent["id"])
    if invoice is not None and invoice["status"] == "open":
        pay_by_hand(tx, invoice, method, authenticated=passed)
    elif passed:
        payments.attempt(tx, intent, method, authenticated=True)
    else:
        payments.fail_authentication(tx, intent)
    found = tx.get("payment_intent", intent["id"])
    assert found is not None, intent["id"]
    return found
