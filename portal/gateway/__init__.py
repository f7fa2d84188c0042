"""The door to Stripe: typed calls in, frozen snapshots out. Nothing else imports the SDK."""

from __future__ import annotations

from flask import current_app

from portal.gateway.client import Gateway


def current_gateway() -> Gateway:
    """Return the gateway of the running app."""
    gateway = current_app.extensions["gateway"]
    assert isinstance(gateway, Gateway)
    return gateway
