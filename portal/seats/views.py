"""The seats page: buy more or fewer, assign and release."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("seats", __name__, url_prefix="/t/<slug>")
