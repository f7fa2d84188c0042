"""The overview, Checkout and its return, cancelling and resuming."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("subscriptions", __name__, url_prefix="/t/<slug>")
