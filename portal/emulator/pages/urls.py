"""The addresses of the pages and the functions that answer them: (emulator, request, **values of the address)."""

from __future__ import annotations

from typing import Final

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.pages import (
    checkout,
    checkout_changes,
    intents,
    invoice,
    portal_cards,
    portal_details,
    portal_ending,
    portal_home,
    portal_update,
    recovery,
)
from portal.emulator.pages.render import static_file
from portal.emulator.pages.visit import View, not_found, view


def _static(_emulator: Emulator, _request: Request, name: str) -> Response:
    return static_file(name)


_PAGES: Final[tuple[tuple[str, str, View], ...]] = (
    ("GET", "/static/<name>", _static),
    ("GET POST", "/c/pay/<session_id>", checkout.checkout),
    ("GET POST", "/c/pay/<session_id>/authenticate", checkout.authenticate),
    ("POST", "/c/pay/<session_id>/change", checkout_changes.change),
    ("GET", "/r/<session_id>", recovery.reopen),
    ("GET POST", "/3ds/<secret>", intents.authenticate),
    ("GET", "/p/session/<session_id>", portal_home.home),
    ("GET", "/p/session/<session_id>/done", portal_home.done),
    ("GET POST", "/p/session/<session_id>/cards/add", portal_cards.add),
    ("GET POST", "/p/session/<session_id>/cards/<intent_id>/authenticate", portal_cards.authenticate),
    ("POST", "/p/session/<session_id>/cards/<method_id>/default", portal_cards.make_default),
    ("POST", "/p/session/<session_id>/cards/<method_id>/remove", portal_cards.remove),
    ("GET POST", "/p/session/<session_id>/details", portal_details.details),
    ("POST", "/p/session/<session_id>/tax_ids/<tax_id>/remove", portal_details.remove_tax),
    ("GET POST", "/p/session/<session_id>/subscriptions/<subscription_id>/cancel", portal_ending.cancel),
    ("POST", "/p/session/<session_id>/subscriptions/<subscription_id>/keep", portal_ending.keep),
    ("GET POST", "/p/session/<session_id>/subscriptions/<subscription_id>/pause", portal_ending.pause),
    ("POST", "/p/session/<session_id>/subscriptions/<subscription_id>/resume", portal_ending.resume),
    ("GET", "/p/session/<session_id>/subscriptions/<subscription_id>/update", portal_update.choose),
    ("GET POST", "/p/session/<session_id>/subscriptions/<subscription_id>/confirm", portal_update.confirm),
    ("GET POST", "/i/<token>", invoice.invoice),
    ("GET POST", "/i/<token>/authenticate", invoice.authenticate),
    ("GET", "/i/<token>/pdf", invoice.download),
    ("GET POST", "/<path:_rest>", not_found),
)
RULES: Final = tuple(Rule(path, methods=methods.split(), endpoint=path) for methods, path, _ in _PAGES)
ENDPOINTS: Final[dict[str, View]] = {path: view(function) for _, path, function in _PAGES}
