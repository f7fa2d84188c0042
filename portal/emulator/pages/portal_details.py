"""Billing information in the Customer Portal: name, e-mail, phone, addresses and tax ids, as configured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.pages.payer_form import filled, read_payer
from portal.emulator.pages.portal_visit import Visit, finish, open_visit, updating_customer
from portal.emulator.pages.render import page, see
from portal.emulator.pages.visit import NotHere
from portal.emulator.pages.words import COUNTRIES, TAX_ID_KINDS
from portal.emulator.resources.customers import update_customer
from portal.emulator.resources.tax_ids import TAX_ID, add_tax_id, remove_tax_id
from portal.emulator.transaction import StripeDict
from portal.emulator.wire.errors import StripeError

_FLOW = "customer_update"
_SHIPPING = "shipping_"


def details(emulator: Emulator, request: Request, session_id: str) -> Response:
    """Show the customer's details for editing, or save them."""
    if request.method == "GET":
        with emulator.store.transaction(write=False) as tx:
            return _form(open_visit(tx, session_id), None, {})
    try:
        return _save(emulator, request.form, session_id)
    except StripeError as refused:
        with emulator.store.transaction(write=False) as tx:
            field = (refused.param or "").rpartition("[")[2].rstrip("]")
            errors = {"tax_id" if field == "value" else field: refused.message}
            return _form(open_visit(tx, session_id), request.form, errors)


def remove_tax(emulator: Emulator, _request: Request, session_id: str, tax_id: str) -> Response:
    """Remove a tax id of the customer."""
    with emulator.store.transaction() as tx:
        visit = open_visit(tx, session_id)
        if "tax_id" not in visit.feature(_FLOW)["allowed_updates"]:
            raise NotHere("Not available", "Tax IDs cannot be changed here.", status=403, link=visit.way_home)
        found = tx.get(TAX_ID, tax_id)
        if found is not None and found["customer"] == visit.customer["id"]:
            remove_tax_id(tx, found)
        return see(f"{visit.home}?done=details")


def _save(emulator: Emulator, posted: Mapping[str, str], session_id: str) -> Response:
    with emulator.store.transaction() as tx:
        visit = open_visit(tx, session_id)
        allowed = visit.feature(_FLOW)["allowed_updates"]
        typed = read_payer(posted, email="email" in allowed)
        errors = {**typed.errors, **_shipping_errors(posted, allowed)}
        if errors:
            return _form(visit, posted, errors)
        sent: dict[str, Any] = {
            "email": typed.email or "",
            "name": typed.name or "",
            "phone": typed.phone or "",
            "address": typed.address or "",
            "shipping": _shipping(posted),
        }
        params = {name: value for name, value in sent.items() if name in allowed}
        update_customer(tx, updating_customer(visit, params))
        if typed.tax_id is not None and "tax_id" in allowed:
            add_tax_id(tx, visit.customer, *typed.tax_id)
        return finish(tx, visit, _FLOW, "details")


def _to(posted: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed about shipping, named like what is typed about the payer."""
    return {
        name.removeprefix(_SHIPPING): value for name, value in posted.items() if name.startswith(_SHIPPING)
    }


def _shipping(posted: Mapping[str, str]) -> StripeDict | str:
    typed = read_payer(_to(posted))
    if typed.name is None:
        return ""
    return {"name": typed.name, "address": typed.address or {}}


def _shipping_errors(posted: Mapping[str, str], allowed: list[str]) -> dict[str, str]:
    if "shipping" not in allowed:
        return {}
    typed = read_payer(_to(posted))
    errors = {f"{_SHIPPING}{name}": words for name, words in typed.errors.items()}
    if typed.address is not None and typed.name is None:
        errors[f"{_SHIPPING}name"] = "Enter who receives it."
    return errors


def _known(customer: StripeDict) -> dict[str, str | None]:
    shipping = customer["shipping"] or {}
    to = {**(shipping.get("address") or {}), "name": shipping.get("name")}
    return {
        **(customer["address"] or {}),
        **{name: customer[name] for name in ("email", "name", "phone")},
        **{f"{_SHIPPING}{name}": value for name, value in to.items()},
    }


def _form(visit: Visit, posted: Mapping[str, str] | None, errors: Mapping[str, str]) -> Response:
    feature = visit.feature(_FLOW)
    return page(
        "portal_details.html",
        422 if errors else 200,
        visit=visit,
        allowed=feature["allowed_updates"],
        values=filled(posted if posted is not None else _known(visit.customer)),
        error=next(iter(errors.values()), None),
        errors=filled(errors),
        countries=COUNTRIES,
        tax_id_kinds=TAX_ID_KINDS,
    )
