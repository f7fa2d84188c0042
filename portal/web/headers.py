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
    """Add the headers to every answer with content, error pages and static files included."""
    form_targets = " ".join(("'self'", *config.stripe_page_origins))
    policy = (
        "default-src 'none'; script-src {}; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
        f"form-action {form_targets}; base-uri 'none'; frame-ancestors 'none'"
    )
    always = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    }
    if config.is_https:
        always["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"

    @app.after_request
    def _headers(response: Response) -> Response:
        if response.calculate_content_length() == 0:
            return response  # nothing that could be shown, run or kept: what every webhook is answered
        # Where no script was written, none may run.
        scripts = f"'nonce-{g.csp_nonce}'" if "csp_nonce" in g else "'none'"
        response.headers.extend(always)
        response.headers["Content-Security-Policy"] = policy.format(scripts)
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        return response
