"""The addresses a client may send: full ones, of the web."""

from urllib.parse import urlsplit

from portal.emulator.wire.errors import invalid


def check_url(url: str | None, param: str) -> None:
    """Raise a 400 naming the parameter for what is no http or https address; None and "" pass."""
    if not url:
        return
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid("Not a valid URL", param=param, code="url_invalid")
