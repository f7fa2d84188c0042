"""The addresses of the pages and the functions that answer them: (emulator, request, **values of the address)."""

from __future__ import annotations

from typing import Final

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.pages import (
    checkout,
    checkout_changes,
    console_clocks,
    console_customers,
    console_events,
    console_faults,
    console_settings,
    console_webhooks,
    intents,
    invoice,
    portal_cards,
    portal_details,
    portal_ending,
    portal_home,
    portal_login,
    portal_update,
    recovery,
)
from portal.emulator.pages.render import static_file
from portal.emulator.pages.visit import View, console_view, not_found, view


def _static(_emulator: Emulator, request: Request, name: str) -> Response:
    return static_file(name).make_conditional(request)


_PAGES: Final[tuple[tuple[str, str, View], ...]] = (
    ("GET", "/static/<name>", _static),
    ("GET POST", "/c/pay/<session_id>", checkout.checkout),
    ("GET POST", "/c/pay/<session_id>/authenticate", checkout.authenticate),
    ("POST", "/c/pay/<session_id>/change", checkout_changes.change),
    ("GET", "/r/<session_id>", recovery.reopen),
    ("GET POST", "/3ds/<secret>", intents.authenticate),
    ("GET POST", "/p/login/<configuration_id>", portal_login.login),
    ("GET", "/p/session/<session_id>", portal_home.home),
    ("GET", "/p/session/<session_id>/done", portal_home.done),
    ("GET POST", "/p/session/<session_id>/login", portal_login.return_to),
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
_CONSOLE: Final[tuple[tuple[str, str, View], ...]] = (
    ("GET", "/", console_customers.index),
    ("GET", "/console/customers/<customer_id>", console_customers.show),
    ("POST", "/console/customers/<customer_id>/portal", console_customers.open_portal),
    ("GET", "/console/clocks", console_clocks.index),
    ("POST", "/console/clocks/<clock_id>/advance", console_clocks.advance),
    ("GET", "/console/events", console_events.index),
    ("GET", "/console/events/<event_id>", console_events.show),
    ("POST", "/console/events/<event_id>/resend", console_events.send_again),
    ("GET", "/console/webhooks", console_webhooks.index),
    ("POST", "/console/webhooks/<endpoint_id>", console_webhooks.change_mode),
    ("POST", "/console/deliver", console_webhooks.deliver),
    ("GET", "/console/faults", console_faults.index),
    ("POST", "/console/faults", console_faults.add),
    ("POST", "/console/faults/remove", console_faults.remove),
    ("GET", "/console/settings", console_settings.index),
    ("POST", "/console/settings", console_settings.change),
    ("GET POST", "/console/reset", console_settings.reset),
)
# Two functions may share an address, each for its own methods.
RULES: Final = tuple(
    Rule(path, methods=methods.split(), endpoint=f"{methods} {path}")
    for methods, path, _ in (*_PAGES, *_CONSOLE)
)
ENDPOINTS: Final[dict[str, View]] = {
    f"{methods} {path}": wrap(function)
    for wrap, pages in ((view, _PAGES), (console_view, _CONSOLE))
    for methods, path, function in pages
}
