"""The Checkout page: see what is bought, pay with a test card, authenticate, and be sent back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.billing.bank import Verdict
from portal.emulator.billing.checkout_completion import amount_due_today, complete_checkout, keeps_card
from portal.emulator.billing.checkout_payer import SESSION, Payer
from portal.emulator.pages.card_form import card_form
from portal.emulator.pages.checkout_form import button, chosen_card, fields, offered_cards, read_form
from portal.emulator.pages.checkout_summary import known_payer, summarize
from portal.emulator.pages.custom_fields import read_answers
from portal.emulator.pages.payer_form import Typed, filled
from portal.emulator.pages.render import message, page, see
from portal.emulator.pages.words import COUNTRIES, TAX_ID_KINDS
from portal.emulator.resources.account import MERCHANT_NAME
from portal.emulator.resources.checkout_amounts import reprice
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
        if not is_open(session, tx) or "pending" not in private:
            return see(_path(session_id))
        if request.method == "GET":
            return page(
                "authenticate.html",
                amount=amount_due_today(tx, session, _payer(private["pending"]["payer"])),
                currency=session["currency"],
                method=tx.get("payment_method", private["pending"]["method"]),
            )
        pending = private.pop("pending")
        tx.put(session, private=private)
        verdict = complete_checkout(
            tx,
            session_id,
            tx.get("payment_method", pending["method"]),
            payer=_payer(pending["payer"]),
            authenticated=request.form.get("outcome") == "complete",
        )
        if verdict.status == "succeeded":
            return _done(tx, session_id)
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
        if not is_open(session, tx):
            return _closed(session)
        try:
            summary = summarize(tx, session)
        except StripeError as refused:
            if not _without_code(tx, session):
                raise
            change_error = refused.message
            summary = summarize(tx, session)
        return page(
            "checkout.html",
            status,
            session=session,
            summary=summary,
            path=_path(session_id),
            fields=fields(session, summary.due if summary else 0),
            cards=card_form(posted, saved=offered_cards(tx, session), error=error),
            button=button(session, summary),
            keeps_card=keeps_card(session, tx.private(SESSION, session_id)),
            posted=filled(posted),
            errors=filled(typed.errors if typed else None),
            change_error=change_error,
            countries=COUNTRIES,
            tax_id_kinds=TAX_ID_KINDS,
        )


def _without_code(tx: Transaction, session: StripeDict) -> bool:
    """Take off the promotion code that can no longer be used; say whether there was one the payer had typed."""
    if not session["allow_promotion_codes"] or not session["discounts"]:
        return False
    private = tx.private(SESSION, session["id"])
    session["discounts"] = []
    reprice(tx, session, private)
    tx.put(session, private=private)
    return True


def _pay(emulator: Emulator, posted: Mapping[str, str], session_id: str) -> Response:
    typed = Typed()
    try:
        with emulator.store.transaction() as tx:
            session = tx.get(SESSION, session_id)
            if not is_open(session, tx):
                return _closed(session, paid_already=True)
            typed = read_form(tx, session, posted)
            if not typed.errors and typed.address is not None:
                _tax_by_address(tx, session, typed.address)
        if typed.errors:
            raise card_declined("Please look at the fields marked below.")
        outcome = _attempt(emulator, posted, session_id, typed)
    except StripeError as refused:
        if refused.param == "value":
            typed.errors["tax_id"] = refused.message
        return checkout_page(
            emulator, session_id, status=422, posted=posted, error=refused.message, typed=typed
        )
    if isinstance(outcome, Response):
        return outcome
    return checkout_page(emulator, session_id, status=422, posted=posted, error=outcome.message)


def _attempt(
    emulator: Emulator, posted: Mapping[str, str], session_id: str, typed: Typed
) -> Response | Verdict:
    """Try to complete the session in one transaction; where the bank refuses, return its answer.

    Raises what else the payer is to be told, and leaves nothing then.
    """
    with emulator.store.transaction() as tx:
        session = tx.get(SESSION, session_id)
        if not is_open(session, tx):
            return _closed(session, paid_already=True)
        payer = Payer(
            typed.email,
            typed.name,
            typed.phone,
            typed.address or known_payer(session).address,
            typed.tax_id,
            answers=read_answers(session["custom_fields"], posted)[0],
            save_card="save_card" in posted,
        )
        due = amount_due_today(tx, session, payer)
        if posted.get("due", str(due)) != str(due):
            raise card_declined(_TOTAL_CHANGED)
        method = None
        if fields(session, due)["card"]:
            method = chosen_card(tx, posted, session, typed)
        verdict = complete_checkout(tx, session_id, method, payer=payer)
        if verdict.status == "succeeded":
            return _done(tx, session_id)
        if verdict.status == "requires_action":
            assert method is not None
            session = tx.get(SESSION, session_id)
            assert session is not None, session_id
            pending = {"method": method["id"], "payer": vars(payer)}
            tx.put(session, private={**tx.private(SESSION, session_id), "pending": pending})
            return see(f"{_path(session_id)}/authenticate")
        return verdict


def _payer(kept: StripeDict) -> Payer:
    return Payer(**{**kept, "tax_id": tuple(kept["tax_id"]) if kept["tax_id"] else None})


def _tax_by_address(tx: Transaction, session: StripeDict, address: StripeDict) -> None:
    """Let automatic tax follow the address, if it becomes the customer's: their invoices are taxed by that."""
    private = tx.private(SESSION, session["id"])
    kept = session["customer"] is None or private["customer_update"].get("address") == "auto"
    if not kept or not session["automatic_tax"]["enabled"]:
        return
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


def is_open(session: StripeDict | None, tx: Transaction) -> TypeGuard[StripeDict]:
    """Say whether a session can be paid: it is there, open, and its customer is still there, too."""
    if session is None or session["status"] != "open":
        return False
    if session["customer"] is None:
        return True
    customer = tx.get("customer", session["customer"])
    return customer is not None and not customer.get("deleted")


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
