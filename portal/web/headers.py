"""Security headers of every answer, and the per-request script nonce. The CSP allows no inline script or style;
`form-action` names Stripe's page origins because browsers check the target of a redirect after a form post."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request

from portal.config import Config


def csp_nonce() -> str:
    """Return this request's nonce; templates stamp it on scripts and on elements with htmx attributes."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def install(app: Flask, config: Config) -> None:
    """Add the headers to every answer of the app, error pages and static files included."""
    form_targets = " ".join(("'self'", *config.stripe_page_origins))

    @app.after_request
    def _headers(response: Response) -> Response:
        headers = response.headers
        headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'nonce-{csp_nonce()}'; style-src 'self'; img-src 'self'; "
            f"font-src 'self'; connect-src 'self'; form-action {form_targets}; base-uri 'none'; "
            "frame-ancestors 'none'"
        )
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
        if config.is_https:
            headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if request.endpoint != "static":
            headers.setdefault("Cache-Control", "no-store")
        return response
