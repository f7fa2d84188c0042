"""The list of invoices and the upcoming one."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("invoices", __name__, url_prefix="/t/<slug>")
