"""3-D Secure for intents that were confirmed over the API: the address their `next_action` leads to."""

from __future__ import annotations

from typing import Final

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.billing import paying
from portal.emulator.pages.render import message, page, see
from portal.emulator.pages.visit import NotHere
from portal.emulator.resources import setup_intents
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.expand import object_type_of

_PAYMENT: Final = "payment_intent"


def authenticate(emulator: Emulator, request: Request, secret: str) -> Response:
    """Ask for 3-D Secure, or take the answer and lead back to the intent's return URL."""
    with emulator.store.transaction() as tx:
        intent = _waiting(tx, secret)
        session_id = tx.private(_PAYMENT, intent["id"]).get("checkout_session")
        if session_id is not None:
            return see(f"/c/pay/{session_id}/authenticate")
        if request.method == "GET":
            return page(
                "authenticate.html",
                amount=intent.get("amount", 0),
                currency=intent.get("currency", ""),
                method=tx.get("payment_method", intent["payment_method"]),
            )
        passed = request.form.get("outcome") == "complete"
        back = intent["next_action"]["redirect_to_url"]["return_url"]
        if intent["object"] == _PAYMENT:
            done = paying.authenticate(tx, intent, passed=passed)
        else:
            done = setup_intents.confirm(tx, intent["id"], authenticated=passed)
    if back is not None:
        return see(f"{back}{'&' if '?' in back else '?'}{done['object']}={done['id']}")
    if done["status"] == "succeeded":
        return message("Authenticated", "Your bank has confirmed it. You may close this page.", status=200)
    return message("Not authenticated", "Your bank has refused it. You may close this page.", status=200)


def _waiting(tx: Transaction, secret: str) -> StripeDict:
    intent_id = secret.partition("_secret_")[0]
    kind = object_type_of(intent_id)
    intent = tx.get(kind, intent_id) if kind in (_PAYMENT, setup_intents.INTENT) else None
    if intent is None or intent["client_secret"] != secret:
        raise NotHere("Page not found", "There is nothing at this address of the Stripe emulator.")
    if intent["status"] != "requires_action":
        raise NotHere("Nothing to confirm", "There is nothing left to confirm here.", status=410)
    return intent
