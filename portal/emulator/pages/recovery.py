"""The recovery link of an expired Checkout session: it opens a new one like it."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.pages.render import see
from portal.emulator.pages.visit import NotHere
from portal.emulator.resources.checkout_sessions import recover


def reopen(emulator: Emulator, _request: Request, session_id: str) -> Response:
    """Lead to a new session in place of an expired one. Each visit opens one, as at Stripe."""
    with emulator.store.transaction() as tx:
        session = recover(tx, session_id)
    if session is None:
        raise NotHere(
            "This link has expired", "Please go back to where you came from and start again.", status=410
        )
    return see(session["url"])
