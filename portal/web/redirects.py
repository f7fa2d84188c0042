"""Where a person may be sent: our own pages, or Stripe's hosted pages. Everything else is refused, because a
`next` address is typed by whoever made the link."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import current_app, redirect
from werkzeug.wrappers import Response

_OWN_PATH = re.compile(r"/(?:[A-Za-z0-9][^\\\x00-\x20\x7f]*)?\Z")


def own_path(candidate: str | None) -> str | None:
    """Return the candidate if it is a plain path of this site, else None.

    Refuses tabs, backslashes, control characters and `//` anywhere: browsers read those as another host.
    """
    if candidate is None or len(candidate) > 500 or "//" in candidate:
        return None
    return candidate if _OWN_PATH.match(candidate) and candidate.isascii() else None


def see_other(location: str) -> Response:
    """Redirect after a form post, so that reloading the next page posts nothing again."""
    return redirect(location, code=303)


def to_stripe(url: str) -> Response:
    """Redirect to a hosted page. Raises ValueError if Stripe's answer named a host we do not know."""
    parts = urlsplit(url)
    if f"{parts.scheme}://{parts.netloc}" not in current_app.config["PORTAL"].stripe_page_origins:
        raise ValueError("the hosted page is not on an allowed origin")
    return see_other(url)
