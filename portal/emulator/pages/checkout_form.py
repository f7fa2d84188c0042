"""The form of the Checkout page: what it asks for, which cards it offers, how its button is worded, and reading it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.emulator.billing.checkout_completion import amount_due_today
from portal.emulator.pages.card_form import chosen_method
from portal.emulator.pages.checkout_summary import Summary, known_payer
from portal.emulator.pages.custom_fields import read_answers
from portal.emulator.pages.payer_form import ADDRESS_FIELDS, Typed, filled, read_payer
from portal.emulator.transaction import Objects, StripeDict, Transaction


def fields(session: StripeDict, due: int) -> dict[str, Any]:
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
        or (taxed and (session["customer"] is None or not known.get("country"))),
        "known_address": filled(known),
        "known_name": details.get("name") or "",
        "known_phone": details.get("phone") or "",
        "tax_id": session["tax_id_collection"]["enabled"],
        "tax_id_required": session["tax_id_collection"]["required"] == "if_supported",
        "terms": (session["consent_collection"] or {}).get("terms_of_service") == "required",
    }


def button(session: StripeDict, summary: Summary | None) -> str:
    """Word the button as the merchant wants, or as what it does."""
    if summary is None:
        return "Save card"
    if session["submit_type"] not in (None, "auto"):
        return str(session["submit_type"]).capitalize()
    if not summary.once:
        return "Start trial" if summary.trial and not summary.due else "Subscribe"
    return "Pay" if summary.due else "Complete order"


def offered_cards(tx: Transaction, session: StripeDict) -> Objects:
    """List the customer's cards that may be shown to them again, the newest first."""
    options = session["saved_payment_method_options"]
    if options is None or session["customer"] is None:
        return []
    where = {"customer": session["customer"], "allow_redisplay": options["allow_redisplay_filters"]}
    return tx.all("payment_method", where)[::-1]


def read_form(tx: Transaction, session: StripeDict, posted: Mapping[str, str]) -> Typed:
    """Read what the payer was asked for, with what is missing or wrong by field; other values are left alone."""
    needed = fields(session, amount_due_today(tx, session, known_payer(session)))
    hidden = {
        *(["email"] if needed["email"] else []),
        *([] if needed["phone"] else ["phone"]),
        *([] if needed["address"] else ADDRESS_FIELDS),
        *([] if needed["tax_id"] else ["tax_id_type", "tax_id"]),
    }
    typed = read_payer(
        {name: value for name, value in posted.items() if name not in hidden},
        email=not needed["email"],
        address_required=needed["address"],
        phone=needed["phone"],
        tax_id=needed["tax_id"] and needed["tax_id_required"],
    )
    typed.errors.update(read_answers(session["custom_fields"], posted)[1])
    if needed["terms"] and "terms" not in posted:
        typed.errors["terms"] = "Accept the terms to go on."
    return typed


def chosen_card(tx: Transaction, posted: Mapping[str, str], session: StripeDict, typed: Typed) -> StripeDict:
    """Return the card the payer chose, an offered one of theirs or a test card. Raises a 402 where it is neither."""
    offered = {method["id"] for method in offered_cards(tx, session)}
    email = typed.email or (session["customer_details"] or {}).get("email")
    details = {"email": email, "name": typed.name, "phone": typed.phone, "address": typed.address or {}}
    return chosen_method(
        tx,
        posted,
        customer_id=session["customer"] if posted.get("card") in offered else None,
        billing_details=details,
    )
