"""The local mailbox: a page that shows what was sent, only with MAIL_URL=mailbox:."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("mailbox", __name__, url_prefix="/mailbox")
