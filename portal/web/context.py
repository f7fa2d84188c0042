"""What every template may use: the nonce, the CSRF field, who is signed in, where they are, and notices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, g, has_request_context, request
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from portal.web.headers import csp_nonce

if TYPE_CHECKING:
    from portal.config import Config

OUTAGE = (
    "Our payment provider is not answering at the moment. You see the last known state; "
    "changes to your plan will work again soon."
)


def csrf_field() -> Markup:
    """Render the hidden CSRF input that stands in every form posted by hand-written markup."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


def install(app: Flask) -> None:
    """Register the globals and the context of every template."""
    config: Config = app.config["PORTAL"]
    app.jinja_env.globals.update(csp_nonce=csp_nonce, csrf_field=csrf_field, product_name=config.product_name)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.context_processor(_context)


def _context() -> dict[str, Any]:
    access = g.get("access")
    return {
        "access": access,
        "nav_endpoint": request.endpoint if has_request_context() else None,
        "gateway_notice": OUTAGE if g.get("gateway_is_down", False) else None,
        "tenancies": g.get("tenancies", []),
        "banners": g.get("banners", []),
    }
