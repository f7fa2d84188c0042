"""Payment methods in the Customer Portal: add a test card (3-D Secure where it asks), choose the default, remove."""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.billing.updating import update_subscription
from portal.emulator.pages.card_form import card_form, chosen_method
from portal.emulator.pages.portal_home import default_method
from portal.emulator.pages.portal_visit import Visit, finish, open_visit, subscriptions_of, updating_customer
from portal.emulator.pages.render import page, see
from portal.emulator.pages.visit import NotHere
from portal.emulator.resources import payment_methods, setup_intents
from portal.emulator.resources.customers import update_customer
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError

_FLOW = "payment_method_update"


def add(emulator: Emulator, request: Request, session_id: str) -> Response:
    """Show the choice of cards, or save the chosen one."""
    with emulator.store.transaction(write=request.method == "POST") as tx:
        visit = open_visit(tx, session_id)
        visit.feature(_FLOW)
        if request.method == "GET":
            return _form(visit)
        try:
            method = chosen_method(tx, request.form, billing_details={"email": visit.customer["email"]})
        except StripeError as refused:
            return _form(visit, request.form, refused.message)
        intent = setup_intents.new_setup_intent(tx, visit.customer["id"])
        tx.put({**intent, "payment_method": method["id"], "status": "requires_confirmation"})
        intent = setup_intents.confirm(tx, intent["id"])
        if intent["status"] == "requires_action":
            return see(f"{visit.home}/cards/{intent['id']}/authenticate")
        return _saved(tx, visit, intent, request.form)


def authenticate(emulator: Emulator, request: Request, session_id: str, intent_id: str) -> Response:
    """Ask for 3-D Secure before a card is saved, or take the answer."""
    with emulator.store.transaction() as tx:
        visit = open_visit(tx, session_id)
        intent = tx.get(setup_intents.INTENT, intent_id)
        if (
            intent is None
            or intent["customer"] != visit.customer["id"]
            or intent["status"] != "requires_action"
        ):
            return see(visit.home)
        if request.method == "GET":
            method = tx.get("payment_method", intent["payment_method"])
            return page("authenticate.html", amount=0, currency="", method=method)
        passed = request.form.get("outcome") == "complete"
        return _saved(tx, visit, setup_intents.confirm(tx, intent_id, authenticated=passed), None)


def make_default(emulator: Emulator, _request: Request, session_id: str, method_id: str) -> Response:
    """Use a card for this customer's payments, and for those of the subscriptions that name another one."""
    with emulator.store.transaction() as tx:
        visit = open_visit(tx, session_id)
        visit.feature(_FLOW)
        _use(tx, visit, _own(tx, visit, method_id)["id"])
        return see(f"{visit.home}?done=card_default")


def remove(emulator: Emulator, _request: Request, session_id: str, method_id: str) -> Response:
    """Remove a card. Refuses the one that pays: another has to be made the default first."""
    with emulator.store.transaction() as tx:
        visit = open_visit(tx, session_id)
        visit.feature(_FLOW)
        method = _own(tx, visit, method_id)
        if method["id"] == default_method(tx, visit):
            text = "This card pays your subscription. Make another card the default first."
            raise NotHere("The card is needed", text, status=409, link=visit.way_home)
        payment_methods.detach(tx, method["id"])
        return see(f"{visit.home}?done=card_removed")


def _own(tx: Transaction, visit: Visit, method_id: str) -> StripeDict:
    method = tx.get("payment_method", method_id)
    if method is None or method["customer"] != visit.customer["id"]:
        raise NotHere("Card not found", "This card was removed.", link=visit.way_home)
    return method


def _use(tx: Transaction, visit: Visit, method_id: str) -> None:
    settings = {"invoice_settings": {"default_payment_method": method_id}}
    update_customer(tx, updating_customer(visit, settings))
    for sub in subscriptions_of(tx, visit):
        if sub["default_payment_method"] not in (None, method_id):
            update_subscription(tx, sub, {"default_payment_method": method_id})


def _saved(tx: Transaction, visit: Visit, intent: StripeDict, posted: Mapping[str, str] | None) -> Response:
    error = intent["last_setup_error"]
    if intent["status"] != "succeeded":
        return _form(visit, posted, error["message"] if error else "The card could not be saved.")
    alone = default_method(tx, visit) is None
    if alone or (visit.flow is not None and visit.flow["type"] == _FLOW):
        _use(tx, visit, intent["payment_method"])
    return finish(tx, visit, _FLOW, "card_added")


def _form(visit: Visit, posted: Mapping[str, str] | None = None, error: str | None = None) -> Response:
    status = 200 if error is None else 422
    return page("portal_card.html", status, visit=visit, cards=card_form(posted, error=error))
