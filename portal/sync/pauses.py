"""Ends pauses on their day: Stripe keeps a subscription paused until somebody resumes it."""

from __future__ import annotations

import sqlalchemy as sa
import structlog

from portal.customers.queries import billing_now
from portal.extensions import db
from portal.gateway.errors import GatewayError
from portal.seats.limits import lock_seats
from portal.subscriptions.models import Status, Subscription
from portal.subscriptions.pause import pause_of, unpause_intent
from portal.subscriptions.queries import current_subscription
from portal.subscriptions.quotes import ChangeUnderWay
from portal.sync.intents import carry_out
from portal.web.unit_of_work import unit_of_work

log = structlog.get_logger("pauses")


def end_due_pauses() -> int:
    """Go on with every plan whose pause is over, and return how many that were. Call it outside any transaction.

    What Stripe refuses is logged and left to a person; what it does not answer, to the intent's own job.
    """
    with unit_of_work():
        paused = list(
            db.session.scalars(
                sa.select(Subscription.tenant_id).where(Subscription.status == Status.PAUSED).distinct()
            )
        )
    return sum(_end_if_due(tenant_id) for tenant_id in paused)


def _end_if_due(tenant_id: int) -> bool:
    with unit_of_work():
        lock_seats(tenant_id)
        pause = pause_of(current_subscription(tenant_id))
        if pause is None or pause.is_ending or pause.was_unpaid or pause.until > billing_now(tenant_id):
            return False
        try:
            intent = unpause_intent(tenant_id, None)
        except ChangeUnderWay:
            return False
    try:
        carry_out(intent)
    except GatewayError as error:
        log.error("pause_not_ended", intent=intent.public_id, code=error.code)
    return True
