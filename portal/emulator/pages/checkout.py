"""The Checkout page: see what is bought, pay with a test card, authenticate, and be sent back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.billing.bank import Verdict
from portal.emulator.billing.checkout_completion import amount_due_today, complete_checkout, keeps_card
from portal.emulator.billing.checkout_payer import SESSION, Payer
from portal.emulator.pages.card_form import card_form, chosen_method
from portal.emulator.pages.checkout_summary import Summary, known_payer, summarize
from portal.emulator.pages.payer_form import Typed, filled, read_payer
from portal.emulator.pages.render import message, page, see
from portal.emulator.pages.words import COUNTRIES, TAX_ID_KINDS
from portal.emulator.resources.account import MERCHANT_NAME
from portal.emulator.resources.checkout_amounts import reprice
from portal.emulator.transaction import Objects, StripeDict, Transaction
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
            cards=card_form(posted, saved=_offered(tx, session), error=error),
            button=_button(session, summary),
            keeps_card=keeps_card(session, tx.private(SESSION, session_id)),
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
    save = (session["saved_payment_method_options"] or {}).get("payment_method_save") == "enabled"
    return {
        "email": details.get("email"),
        "phone": session["phone_number_collection"]["enabled"],
        "card": due > 0 or session["payment_method_collection"] == "always",
        "save_card": save,
        "address": session["billing_address_collection"] == "required"
        or (taxed and not known.get("country")),
        "known_address": filled(known),
        "known_name": details.get("name") or "",
        "known_phone": details.get("phone") or "",
        "tax_id": session["tax_id_collection"]["enabled"],
        "tax_id_required": session["tax_id_collection"]["required"] == "if_supported",
        "terms": (session["consent_collection"] or {}).get("terms_of_service") == "required",
    }


def _button(session: StripeDict, summary: Summary | None) -> str:
    """Word the button as the merchant wants, or as what it does."""
    if summary is None:
        return "Save card"
    if session["submit_type"] not in (None, "auto"):
        return str(session["submit_type"]).capitalize()
    if not summary.once:
        return "Start trial" if summary.trial and not summary.due else "Subscribe"
    return "Pay" if summary.due else "Complete order"


def _offered(tx: Transaction, session: StripeDict) -> Objects:
    """List the customer's cards that may be shown to them again, the newest first."""
    options = session["saved_payment_method_options"]
    if options is None or session["customer"] is None:
        return []
    where = {"customer": session["customer"], "allow_redisplay": options["allow_redisplay_filters"]}
    return tx.all("payment_method", where)[::-1]


def _pay(emulator: Emulator, posted: Mapping[str, str], session_id: str) -> Response:
    with emulator.store.transaction() as tx:
        session = tx.get(SESSION, session_id)
        if not _is_open(session, tx):
            return _closed(session, paid_already=True)
        needed = _fields(session, amount_due_today(tx, session, known_payer(session)))
        typed = read_payer(
            posted,
            email=not needed["email"],
            address_required=needed["address"],
            phone=needed["phone"],
            tax_id=needed["tax_id"] and needed["tax_id_required"],
        )
        if needed["terms"] and "terms" not in posted:
            typed.errors["terms"] = "Accept the terms to go on."
        if not typed.errors and typed.address is not None and session["automatic_tax"]["enabled"]:
            _tax_by_address(tx, session, typed.address)
    if typed.errors:
        error = "Please look at the fields marked below."
        return checkout_page(emulator, session_id, status=422, posted=posted, error=error, typed=typed)
    try:
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
    payer = Payer(
        typed.email, typed.name, typed.phone, typed.address, typed.tax_id, save_card="save_card" in posted
    )
    with emulator.store.transaction() as tx:
        session = tx.get(SESSION, session_id)
        if not _is_open(session, tx):
            return _closed(session, paid_already=True)
        due = amount_due_today(tx, session, payer)
        if posted.get("due", str(due)) != str(due):
            raise card_declined(_TOTAL_CHANGED)
        method = None
        if _fields(session, due)["card"]:
            method = _chosen(tx, posted, session, typed)
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


def _chosen(tx: Transaction, posted: Mapping[str, str], session: StripeDict, typed: Typed) -> StripeDict:
    offered = {method["id"] for method in _offered(tx, session)}
    email = typed.email or (session["customer_details"] or {}).get("email")
    details = {"email": email, "name": typed.name, "phone": typed.phone, "address": typed.address or {}}
    return chosen_method(
        tx,
        posted,
        customer_id=session["customer"] if posted.get("card") in offered else None,
        billing_details=details,
    )


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
