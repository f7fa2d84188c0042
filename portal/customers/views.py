"""The hand-off to Stripe's Customer Portal and the way back."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("customers", __name__, url_prefix="/t/<slug>")
