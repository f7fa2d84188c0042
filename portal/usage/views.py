"""The usage page."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("usage", __name__, url_prefix="/t/<slug>")
