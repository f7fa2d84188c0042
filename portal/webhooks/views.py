"""The address Stripe delivers its webhooks to."""

from __future__ import annotations

import structlog
from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from psycopg import OperationalError as PostgresAway
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
    except (OperationalError, PostgresAway) as error:
        log.error("webhook_not_stored", error=str(error).split("\n")[0])
        return "", 503, {"Retry-After": "30"}
    # The inbox is the record; a line for each of a renewal night's events would cost more than storing them.
    log.debug("webhook", outcome=outcome)
    return "", 200
