"""The address Stripe delivers its webhooks to."""

from __future__ import annotations

import structlog
from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError

from portal.gateway.errors import BadSignature
from portal.gateway.signature import MAX_BODY
from portal.web.unit_of_work import opens_units_of_work
from portal.webhooks.receive import receive

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")
log = structlog.get_logger("webhooks")


@blueprint.post("/stripe")
@opens_units_of_work
def stripe() -> ResponseReturnValue:
    """Take one delivery: 200 once it is stored (or was before), 400 for what Stripe did not sign, 413 above 1 MB,
    503 when the database is away, so that Stripe tries again."""
    request.max_content_length = MAX_BODY
    body = request.get_data(cache=False)
    try:
        outcome = receive(body, request.headers.get("Stripe-Signature"))
    except BadSignature as refusal:
        log.warning("webhook_refused", reason=str(refusal), size=len(body), address=request.remote_addr)
        return "", 400
    except OperationalError as error:
        log.error("webhook_not_stored", error=type(error.orig).__name__)
        return "", 503, {"Retry-After": "30"}
    log.info("webhook", outcome=outcome)
    return "", 200
