"""The addresses of the pages and the functions that answer them: (emulator, request, **values of the address)."""

from __future__ import annotations

from typing import Final

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.pages import checkout, checkout_changes
from portal.emulator.pages.render import static_file
from portal.emulator.pages.visit import View, not_found, view


def _static(_emulator: Emulator, _request: Request, name: str) -> Response:
    return static_file(name)


_PAGES: Final[tuple[tuple[str, str, View], ...]] = (
    ("GET", "/static/<name>", _static),
    ("GET POST", "/c/pay/<session_id>", checkout.checkout),
    ("GET POST", "/c/pay/<session_id>/authenticate", checkout.authenticate),
    ("POST", "/c/pay/<session_id>/change", checkout_changes.change),
    ("GET POST", "/<path:_rest>", not_found),
)
RULES: Final = tuple(Rule(path, methods=methods.split(), endpoint=path) for methods, path, _ in _PAGES)
ENDPOINTS: Final[dict[str, View]] = {path: view(function) for _, path, function in _PAGES}
