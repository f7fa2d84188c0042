"""Absolute addresses of our own pages, for mails and for Stripe to come back to. They are built on PUBLIC_URL and
never on the Host header, which the visitor chooses."""

from __future__ import annotations

from flask import current_app


def public_url_of(endpoint: str, **values: str | int) -> str:
    """Return the absolute address of an endpoint; works outside a request too, for the worker."""
    config = current_app.config["PORTAL"]
    path = current_app.url_map.bind("portal").build(endpoint, values)
    return f"{config.public_url}{path}"
