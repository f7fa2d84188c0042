"""Where a request comes from: only this machine, and no foreign web page in its browser, may control the emulator."""

import re
from typing import Final

from werkzeug.wrappers import Request

_LOOPBACK: Final = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
_NAMED: Final = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")


def from_this_machine(request: Request) -> bool:
    """Say whether a request comes from this machine, was sent to it by a name of its own, and was not made by another
    site's page.

    A page can have its own name resolve to this machine, and is then no stranger to its browser.
    """
    named = _NAMED.fullmatch(request.host) is not None
    return request.remote_addr in _LOOPBACK and named and not from_foreign_page(request)


def from_foreign_page(request: Request) -> bool:
    """Say whether a browser made the request for a page of another site (or of another port of this machine)."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return True
    own = {f"{scheme}://{request.host}" for scheme in ("http", "https")}
    return request.headers.get("Origin") not in (None, *own)
