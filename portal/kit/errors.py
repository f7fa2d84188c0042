"""The base of every refusal: a class with a stable code, an HTTP status and a text for the person on the page."""

from __future__ import annotations


class PortalError(Exception):
    """A refusal that a person or a program must understand.

    Subclasses set `code` (stable, snake case), `status` (HTTP) and `public_message` (shown on pages and in API
    answers; never holds secrets or another tenant's data). The argument is the text for the log.
    """

    code: str = "portal_error"
    status: int = 400
    public_message: str = "This could not be done."

    def __init__(self, detail: str = "", *, public_message: str | None = None) -> None:
        super().__init__(detail or self.code)
        if public_message is not None:
            self.public_message = public_message


class NotFound(PortalError):
    """The object does not exist, or the asker may not know that it does."""

    code = "not_found"
    status = 404
    public_message = "We could not find this page."


class Forbidden(PortalError):
    """The asker is known and belongs here, but lacks the role."""

    code = "forbidden"
    status = 403
    public_message = "Your role does not allow this. Ask an owner or admin of your organisation."


class Conflict(PortalError):
    """Something else changed first."""

    code = "conflict"
    status = 409
    public_message = "This changed while you were looking at it. Please check and try again."
