"""Turning a template into an answer: the pages' own Jinja environment and the headers every page carries.

No page has a script or an inline style, and the content security policy says so.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from portal.emulator.pages import words
from portal.emulator.resources.account import MERCHANT_NAME

_PACKAGE: Final = Path(__file__).resolve().parents[2]
# Beside the package in a checkout, inside it once installed.
_SHIPPED: Final = _PACKAGE if (_PACKAGE / "templates").is_dir() else _PACKAGE.parent
_TEMPLATES: Final = _SHIPPED / "templates" / "emulator"
_STATIC: Final = _PACKAGE / "emulator" / "static"
_FILES: Final = frozenset(path.name for path in _STATIC.iterdir())
# A form may end in a redirect to whoever sent the person here, and browsers hold form-action against that too.
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action *; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_FILTERS: Final = (
    words.money, words.unit_money, words.date, words.moment, words.day_input, words.interval, words.every,
    words.unit_price, words.brand, words.card, words.number, words.state, words.tone, words.tax_id_kind, words.postal,
)  # fmt: skip


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({function.__name__: function for function in _FILTERS})
    environment.globals["merchant"] = MERCHANT_NAME
    return environment


_ENVIRONMENT: Final = _environment()


def page(template: str, /, status: int = 200, **context: Any) -> Response:
    """Answer with a template of templates/emulator/."""
    html = _ENVIRONMENT.get_template(template).render(context)
    return Response(html, status, headers=_HEADERS, mimetype="text/html")


def see(address: str) -> Response:
    """Answer a form with the address to go to next (303)."""
    return Response(status=303, headers={**_HEADERS, "Location": address})


def message(
    title: str,
    text: str,
    *,
    status: int,
    link: tuple[str, str] | None = None,
    template: str = "message.html",
) -> Response:
    """Answer with a page that says one thing; `link` is an address and its words."""
    return page(template, status, title=title, text=text, link=link, section=None)


def static_file(name: str) -> Response:
    """Answer with a file of the pages' own look. Raises NotFound for any other name."""
    if name not in _FILES:
        raise NotFound
    path = _STATIC / name
    kind = "font/woff2" if path.suffix == ".woff2" else mimetypes.guess_type(name)[0]
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    response = Response(path.read_bytes(), headers=headers, mimetype=kind or "application/octet-stream")
    response.add_etag()
    return response
