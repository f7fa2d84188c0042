"""What every page's function is wrapped in: methods, the refusal of foreign forms, and errors as pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.origin import from_foreign_page, from_this_machine
from portal.emulator.pages.render import message
from portal.emulator.wire.errors import StripeError

View = Callable[..., Response]


class NotHere(Exception):
    """There is nothing to do at an address (any more); the page says why and where to go instead."""

    def __init__(
        self, title: str, text: str, *, status: int = 404, link: tuple[str, str] | None = None
    ) -> None:
        super().__init__(text)
        self.title, self.text, self.status, self.link = title, text, status, link

    def answer(self, template: str) -> Response:
        """Say it in the frame of a template."""
        return message(self.title, self.text, status=self.status, link=self.link, template=template)


def view(function: View) -> View:
    """Wrap a page: forms of other web sites are refused, and a refusal nobody handled becomes a page."""
    return _framed(function, "message.html")


def console_view(function: View) -> View:
    """Wrap a page of the console, which answers this machine only: it can reset everything."""
    framed = _framed(function, "console_message.html")

    @wraps(function)
    def visited(emulator: Emulator, request: Request, **values: Any) -> Response:
        if request.method == "POST" and not from_this_machine(request):
            return message("Not from here", "The console takes orders from this machine only.", status=403)
        return framed(emulator, request, **values)

    return visited


def _framed(function: View, template: str) -> View:
    @wraps(function)
    def visited(emulator: Emulator, request: Request, **values: Any) -> Response:
        try:
            if request.method == "POST" and from_foreign_page(request):
                text = "This form was sent by another web site, so nothing was done."
                raise NotHere("Form refused", text, status=403)
            return function(emulator, request, **values)
        except NotHere as reason:
            return reason.answer(template)
        except StripeError as error:
            return message("That did not work", error.message, status=error.status, template=template)
        except HTTPException as error:
            status, text = error.code or 500, error.description or ""
            return message(error.name, text, status=status, template=template)

    return visited


def not_found(_emulator: Emulator, _request: Request, **_values: Any) -> Response:
    """Answer for an address without a page."""
    return message("Page not found", "There is nothing at this address of the Stripe emulator.", status=404)
