"""The Customer Portal's login pages: a customer gets in by their e-mail address, at the address a configuration shows
or in place of a session that has expired.

Stripe sends a link by mail; no mail leaves the emulator, so the address alone is enough here.
"""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.pages.render import page, see
from portal.emulator.pages.visit import NotHere
from portal.emulator.resources.portal_configurations import CONFIGURATION
from portal.emulator.resources.portal_sessions import (
    SESSION,
    can_be_recovered,
    create_portal_session,
    renew,
)
from portal.emulator.wire.routes import Call


def login(emulator: Emulator, request: Request, configuration_id: str) -> Response:
    """Ask for the e-mail address, or open the portal for the newest customer who has it."""
    with emulator.store.transaction(write=request.method == "POST") as tx:
        configuration = tx.get(CONFIGURATION, configuration_id)
        if configuration is None or not configuration["login_page"]["enabled"]:
            raise NotHere("Page not found", "There is no login page at this address.")
        if request.method == "GET":
            return page("portal_login.html", email="", error=None)
        email = request.form.get("email", "").strip()
        found = tx.list("customer", {"email": email}, limit=1).items if email else []
        if not found:
            error = "No customer has this e-mail address."
            return page("portal_login.html", 422, email=email, error=error)
        params = {"customer": found[0]["id"], "configuration": configuration_id}
        session = create_portal_session(tx, Call("POST", "/v1/billing_portal/sessions", params))
        return see(f"/p/session/{session['id']}")


def return_to(emulator: Emulator, request: Request, session_id: str) -> Response:
    """Ask for the e-mail address of an expired session's customer, and open the session again."""
    with emulator.store.transaction(write=request.method == "POST") as tx:
        session = tx.get(SESSION, session_id)
        customer = tx.get("customer", session["customer"]) if session is not None else None
        if session is None or customer is None or not can_be_recovered(tx, session):
            raise NotHere("Page not found", "There is no login page at this address.")
        if request.method == "GET":
            return page("portal_login.html", email="", error=None)
        email = request.form.get("email", "").strip()
        if not email or email.lower() != (customer.get("email") or "").lower():
            error = "This is not the e-mail address this link was made for."
            return page("portal_login.html", 422, email=email, error=error)
        renew(tx, session)
        return see(f"/p/session/{session_id}")
