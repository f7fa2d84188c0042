"""The Checkout page: see what is bought, pay with a test card, authenticate, and be sent back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.billing.bank import NOT_AUTHENTICATED, Verdict
from portal.emulator.billing.checkout_completion import SESSION, Payer, amount_due_today, complete_checkout
from portal.emulator.pages.card_form import card_form, chosen_method
from portal.emulator.pages.checkout_summary import known_payer, summarize
from portal.emulator.pages.payer_form import Typed, filled, read_payer
from portal.emulator.pages.render import message, page, see
from portal.emulator.pages.words import COUNTRIES, TAX_ID_KINDS
from portal.emulator.resources.account import MERCHANT_NAME
from portal.emulator.resources.checkout_items import reprice
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, card_declined

_TOTAL_CHANGED = "The total has changed. Please look at it again before you pay."


def checkout(emulator: Emulator, request: Request, session_id: str) -> Response:
    """Show the page of a session, or take the payment."""
    if request.method == "POST":
        return _pay(emulator, request.form, session_id)
    return checkout_page(emulator, session_id)


def authenticate(emulator: Emulator, request: Request, session_id: str) -> Response:
    """Ask for 3-D Secure, or take the answer to it."""
    with emulator.store.transaction() as tx:
        session = tx.get(SESSION, session_id)
        private = tx.private(SESSION, session_id)
        if not _is_open(session, tx) or "pending" not in private:
            return see(_path(session_id))
        if request.method == "GET":
            return page(
                "authenticate.html",
                amount=amount_due_today(tx, session, _payer(private["pending"]["payer"])),
                currency=session["currency"],
                method=tx.get("payment_method", private["pending"]["method"]),
            )
        passed = request.form.get("outcome") == "complete"
        verdict = _complete(tx, session_id, private, passed=passed)
        if verdict.status == "succeeded":
            return _done(tx, session_id)
        private = tx.private(SESSION, session_id)
        private.pop("pending", None)
        tx.put(session, private=private)
    return checkout_page(emulator, session_id, status=422, error=verdict.message)


def success_address(session: StripeDict) -> str:
    """Return where the payer goes once a session is complete, with the session's id filled in."""
    address = str(session["success_url"])
    for mark in ("{CHECKOUT_SESSION_ID}", "%7BCHECKOUT_SESSION_ID%7D"):
        address = address.replace(mark, session["id"])
    return address


def checkout_page(
    emulator: Emulator,
    session_id: str,
    *,
    status: int = 200,
    posted: Mapping[str, str] | None = None,
    error: str | None = None,
    typed: Typed | None = None,
    change_error: str | None = None,
) -> Response:
    """Render the page as it is now: `error` concerns paying, `change_error` a promotion code or a quantity."""
    with emulator.store.transaction() as tx:
        session = tx.get(SESSION, session_id)
        if not _is_open(session, tx):
            return _closed(session)
        summary = summarize(tx, session)
        return page(
            "checkout.html",
            status,
            session=session,
            summary=summary,
            path=_path(session_id),
            fields=_fields(session, summary.due if summary else 0),
            cards=card_form(posted, error=error),
            posted=filled(posted),
            errors=filled(typed.errors if typed else None),
            change_error=change_error,
            countries=COUNTRIES,
            tax_id_kinds=TAX_ID_KINDS,
        )


def _fields(session: StripeDict, due: int) -> dict[str, Any]:
    """Say what the page has to ask for."""
    details = session["customer_details"] or {}
    taxed = session["automatic_tax"]["enabled"]
    known = details.get("address") or {}
    return {
        "email": details.get("email"),
        "card": due > 0 or session["payment_method_collection"] == "always",
        "address": session["billing_address_collection"] == "required"
        or (taxed and not known.get("country")),
        "known_address": filled(known),
        "known_name": details.get("name") or "",
        "tax_id": session["tax_id_collection"]["enabled"],
    }


def _pay(emulator: Emulator, posted: Mapping[str, str], session_id: str) -> Response:
    with emulator.store.transaction() as tx:
        session = tx.get(SESSION, session_id)
        if not _is_open(session, tx):
            return _closed(session, paid_already=True)
        needed = _fields(session, amount_due_today(tx, session, known_payer(session)))
        typed = read_payer(posted, email=not needed["email"], address_required=needed["address"])
        if not typed.errors and typed.address is not None and session["automatic_tax"]["enabled"]:
            _tax_by_address(tx, session, typed.address)
    if typed.errors:
        error = "Please look at the fields marked below."
        return checkout_page(emulator, session_id, status=422, posted=posted, error=error, typed=typed)
    try:
        return _attempt(emulator, posted, session_id, typed)
    except StripeError as refused:
        if refused.param == "value":
            typed.errors["tax_id"] = refused.message
        return checkout_page(
            emulator, session_id, status=422, posted=posted, error=refused.message, typed=typed
        )


def _attempt(emulator: Emulator, posted: Mapping[str, str], session_id: str, typed: Typed) -> Response:
    """Try to complete the session in one transaction; raises what the payer is to be told, and leaves nothing then."""
    payer = Payer(typed.email, typed.name, typed.address, typed.tax_id)
    with emulator.store.transaction() as tx:
        session = tx.get(SESSION, session_id)
        if not _is_open(session, tx):
            return _closed(session, paid_already=True)
        due = amount_due_today(tx, session, payer)
        if posted.get("due", str(due)) != str(due):
            raise card_declined(_TOTAL_CHANGED)
        method = None
        if _fields(session, due)["card"]:
            email = typed.email or (session["customer_details"] or {}).get("email")
            details = {"email": email, "name": typed.name, "address": typed.address or {}}
            method = chosen_method(tx, posted, billing_details=details)
        verdict = complete_checkout(tx, session_id, method, payer=payer)
        if verdict.status == "requires_action":
            assert method is not None
            pending = {"method": method["id"], "payer": vars(payer)}
            tx.put(session, private={**tx.private(SESSION, session_id), "pending": pending})
            return see(f"{_path(session_id)}/authenticate")
        if verdict.status != "succeeded":
            raise card_declined(verdict.message or "Your card was declined.")
        return _done(tx, session_id)


def _complete(tx: Transaction, session_id: str, private: StripeDict, *, passed: bool) -> Verdict:
    if not passed:
        return NOT_AUTHENTICATED
    pending = private["pending"]
    method = tx.get("payment_method", pending["method"])
    return complete_checkout(tx, session_id, method, payer=_payer(pending["payer"]), authenticated=True)


def _payer(kept: StripeDict) -> Payer:
    return Payer(**{**kept, "tax_id": tuple(kept["tax_id"]) if kept["tax_id"] else None})


def _tax_by_address(tx: Transaction, session: StripeDict, address: StripeDict) -> None:
    private = tx.private(SESSION, session["id"])
    session["customer_details"] = {**(session["customer_details"] or _NOBODY), "address": address}
    reprice(tx, session, private)
    tx.put(session, private=private)


_NOBODY: StripeDict = {
    "address": None, "business_name": None, "email": None, "individual_name": None, "name": None, "phone": None,
    "tax_exempt": "none", "tax_ids": None,
}  # fmt: skip


def _done(tx: Transaction, session_id: str) -> Response:
    session = tx.get(SESSION, session_id)
    assert session is not None, session_id
    return see(success_address(session))


def _is_open(session: StripeDict | None, tx: Transaction) -> TypeGuard[StripeDict]:
    """Say whether a session can be paid: it is there, open, and its customer was not deleted meanwhile."""
    if session is None or session["status"] != "open":
        return False
    customer = tx.get("customer", session["customer"] or "")
    return customer is None or not customer.get("deleted")


def _closed(session: StripeDict | None, *, paid_already: bool = False) -> Response:
    if session is None:
        return message("Checkout not found", "There is no Checkout page at this address.", status=404)
    if session["status"] == "complete":
        if paid_already:
            return see(success_address(session))
        link = (success_address(session), f"Continue to {MERCHANT_NAME}")
        return message("You are all done here", "This Checkout page was completed.", status=200, link=link)
    back = (session["cancel_url"], f"Back to {MERCHANT_NAME}") if session["cancel_url"] else None
    text = "This Checkout page has expired and nothing was charged. Go back and start again."
    return message("Checkout has expired", text, status=200, link=back)


def _path(session_id: str) -> str:
    return f"/c/pay/{session_id}"
