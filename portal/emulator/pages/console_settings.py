"""The console's settings: what follows failed payments, living clocks, and forgetting everything."""

from __future__ import annotations

from typing import Final

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.billing.retry_schedule import billing_settings, change_billing_settings
from portal.emulator.living_setting import clocks_live, set_living
from portal.emulator.pages.render import page, see
from portal.emulator.pages.visit import NotHere
from portal.emulator.wire.errors import StripeError

_OUTCOMES: Final = {
    "cancel": "Cancel the subscription",
    "unpaid": "Mark the subscription unpaid",
    "past_due": "Leave the subscription past due",
}
_COUNTED: Final = ("customer", "subscription", "invoice", "product", "price", "event", "webhook_endpoint")


def index(emulator: Emulator, _request: Request) -> Response:
    """Show the settings and how much there is."""
    with emulator.store.transaction(write=False) as tx:
        return page(
            "console_settings.html",
            section="settings",
            settings=billing_settings(tx),
            outcomes=_OUTCOMES,
            living=clocks_live(tx),
            counts={name.replace("_", " "): tx.count(name) for name in _COUNTED},
        )


def change(emulator: Emulator, request: Request) -> Response:
    """Save the settings."""
    words = request.form.get("retry_days", "").replace(",", " ").split()
    try:
        with emulator.store.transaction() as tx:
            days = [int(word) for word in words]
            change_billing_settings(tx, retry_days=days, after_retries=request.form.get("after_retries"))
            set_living(tx, on=request.form.get("living") == "on")
    except (ValueError, StripeError) as error:
        text = error.message if isinstance(error, StripeError) else "Days are whole numbers, like 3, 5, 7."
        raise NotHere("Not saved", text, status=422, link=("/console/settings", "Back")) from error
    return see("/console/settings")


def reset(emulator: Emulator, request: Request) -> Response:
    """Ask first, then forget everything."""
    if request.method == "GET":
        return page("console_reset.html", section="settings")
    emulator.reset()
    return see("/")
