"""The page of API keys: make one, see it once, revoke it."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("api_keys", __name__, url_prefix="/t/<slug>")
