"""Who has a session cookie: browsers. Stripe and the host product sign each request, so none is read or written for
them."""

from __future__ import annotations

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin

SIGNED_REQUESTS = ("/webhooks/", "/api/")


class BrowserSessions(SecureCookieSessionInterface):
    """Flask's signed cookie, for pages only."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Read the cookie; for a signed request, an empty session that goes with it."""
        if request.path.startswith(SIGNED_REQUESTS):
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie if it changed; never with the answer to a signed request."""
        if not request.path.startswith(SIGNED_REQUESTS):
            super().save_session(app, session, response)
