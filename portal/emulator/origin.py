"""Where a request comes from: only this machine, and no foreign web page in its browser, may control the emulator."""

from typing import Final

from werkzeug.wrappers import Request

_LOOPBACK: Final = ("127.0.0.1", "::1", "::ffff:127.0.0.1")


def from_this_machine(request: Request) -> bool:
    """Say whether a request comes from this machine, and was not made by another site's page."""
    return request.remote_addr in _LOOPBACK and not from_foreign_page(request)


def from_foreign_page(request: Request) -> bool:
    """Say whether a browser made the request for a page of another site (or of another port of this machine)."""
    return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
