"""The team page: members, roles, invitations."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("team", __name__, url_prefix="/t/<slug>")
