"""The hosted page of an invoice: read it, pay it with a test card, download it."""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.billing import payments
from portal.emulator.billing.finalizing import by_page
from portal.emulator.billing.paying import pay_by_hand
from portal.emulator.pages.card_form import card_form, chosen_method
from portal.emulator.pages.invoice_summary import describe
from portal.emulator.pages.render import page, see
from portal.emulator.pages.visit import NotHere
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError

_PAYABLE = ("open", "uncollectible")


def invoice(emulator: Emulator, request: Request, token: str) -> Response:
    """Show an invoice, or pay it. A declined attempt is recorded, as at the bank."""
    with emulator.store.transaction(write=request.method == "POST") as tx:
        found = _load(tx, token)
        if request.method == "GET":
            return _sheet(tx, found, token)
        if found["status"] not in _PAYABLE:
            return see(f"/i/{token}")
        try:
            method = chosen_method(tx, request.form, customer_id=found["customer"])
        except StripeError as refused:
            return _sheet(tx, found, token, request.form, refused.message)
        verdict = pay_by_hand(tx, found, method)
        if verdict.status == "requires_action":
            return see(f"/i/{token}/authenticate")
        if verdict.status == "declined":
            return _sheet(tx, _load(tx, token), token, request.form, verdict.message)
        return see(f"/i/{token}")


def authenticate(emulator: Emulator, request: Request, token: str) -> Response:
    """Ask for 3-D Secure for the payment under way, or take the answer."""
    with emulator.store.transaction(write=request.method == "POST") as tx:
        found = _load(tx, token)
        method = _waiting_method(tx, found)
        if method is None or found["status"] not in _PAYABLE:
            return see(f"/i/{token}")
        if request.method == "GET":
            amount, currency = found["amount_remaining"], found["currency"]
            return page("authenticate.html", amount=amount, currency=currency, method=method)
        passed = request.form.get("outcome") == "complete"
        verdict = pay_by_hand(tx, found, method, authenticated=passed)
        if verdict.status == "succeeded":
            return see(f"/i/{token}")
        return _sheet(tx, _load(tx, token), token, None, verdict.message)


def download(emulator: Emulator, _request: Request, token: str) -> Response:
    """Answer with the invoice as a PDF."""
    # The PDF library costs more memory and start-up time than the rest of the emulator; most runs never need it.
    from portal.emulator.pages.invoice_pdf import invoice_pdf

    with emulator.store.transaction(write=False) as tx:
        sheet = describe(tx, _load(tx, token))
    headers = {
        "Content-Disposition": f'inline; filename="Invoice-{sheet.number}.pdf"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(invoice_pdf(sheet), headers=headers, mimetype="application/pdf")


def _load(tx: Transaction, token: str) -> StripeDict:
    found = by_page(tx, token)
    if found is None:
        raise NotHere("Invoice not found", "There is no invoice at this address.")
    return found


def _waiting_method(tx: Transaction, found: StripeDict) -> StripeDict | None:
    """Return the card whose 3-D Secure is to be answered."""
    intent = payments.invoice_intent(tx, found["id"])
    if intent is None or intent["status"] != "requires_action":
        return None
    return tx.get("payment_method", intent["payment_method"])


def _sheet(
    tx: Transaction,
    found: StripeDict,
    token: str,
    posted: Mapping[str, str] | None = None,
    error: str | None = None,
) -> Response:
    return page(
        "invoice.html",
        200 if error is None else 422,
        path=f"/i/{token}",
        sheet=describe(tx, found),
        payable=found["status"] in _PAYABLE and found["amount_remaining"] > 0,
        waiting=_waiting_method(tx, found),
        cards=card_form(posted, saved=tx.all("payment_method", {"customer": found["customer"]}), error=error),
    )
