"""Who pays a Checkout session: what they typed, the customer they are or become, and what the session says of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from portal.emulator.resources.customers import create_customer, update_customer
from portal.emulator.resources.tax_ids import add_tax_id
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.routes import Call

SESSION = "checkout.session"


@dataclass(frozen=True)
class Payer:
    """What the payer typed on the page; what is None was not asked for.

    `answers` are those to the custom fields, by their keys. `save_card`: offer the card again later.
    """

    email: str | None = None
    name: str | None = None
    phone: str | None = None
    address: StripeDict | None = None
    tax_id: tuple[str, str] | None = None
    answers: dict[str, str | None] = field(default_factory=dict)
    save_card: bool = False


def customer_of_payer(tx: Transaction, session: StripeDict, payer: Payer) -> str | None:
    """Find or make the customer and keep what they typed; a payer may stay a guest where nothing needs a customer."""
    given = {"email": payer.email, "name": payer.name, "phone": payer.phone, "address": payer.address}
    given = {name: value for name, value in given.items() if value is not None}
    known = session["customer"]
    if known is None and not _needs_customer(session):
        session["customer_details"] = _details(session, payer, {})
        return None
    if known is None:
        email = session["customer_email"]
        details = {**given, **({"email": email} if email else {})}
        known = create_customer(tx, Call("POST", "/v1/customers", details))["id"]
    else:
        asked = dict.fromkeys(("email", "phone"), "auto")
        allowed = {**asked, **tx.private(SESSION, session["id"]).get("customer_update", {})}
        details = {name: value for name, value in given.items() if allowed.get(name) == "auto"}
        if details:
            update_customer(tx, Call("POST", f"/v1/customers/{known}", details, {"id": known}))
    customer = tx.get("customer", known)
    assert customer is not None
    if payer.tax_id is not None:
        add_tax_id(tx, customer, *payer.tax_id)
    session["customer"] = known
    session["customer_details"] = _details(session, payer, customer)
    return str(known)


def _needs_customer(session: StripeDict) -> bool:
    """Say whether a payer nobody knows becomes a customer: where asked for, for an invoice, and for what is free."""
    if session["customer_creation"] == "always":
        return True
    if session["mode"] != "payment":
        return False
    return bool(session["invoice_creation"]["enabled"]) or session["amount_total"] == 0


def _details(session: StripeDict, payer: Payer, customer: StripeDict) -> StripeDict:
    known = session["customer_details"] or {}
    tax_ids = [{"type": kind, "value": value} for kind, value in ([payer.tax_id] if payer.tax_id else [])]
    return {
        "address": payer.address or customer.get("address") or known.get("address"),
        "business_name": None,
        "email": customer.get("email") or payer.email or known.get("email"),
        "individual_name": None,
        "name": payer.name or customer.get("name"),
        "phone": payer.phone or customer.get("phone"),
        "tax_exempt": customer.get("tax_exempt", "none"),
        "tax_ids": tax_ids,
    }
