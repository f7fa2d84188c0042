"""The pages of signing up, in and out, and of resetting a password."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("accounts", __name__)
