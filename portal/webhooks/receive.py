"""What happens to a webhook request: verified on its raw bytes, stored, its customer marked, answered. No network, no
ORM, nothing of the event believed but which customer to ask Stripe about."""

from __future__ import annotations

from typing import Literal

from flask import current_app

from portal.config import Config
from portal.gateway.signature import verify
from portal.kit.clock import utcnow
from portal.webhooks.routes import ROUTES
from portal.webhooks.store import store

Outcome = Literal["marked", "duplicate", "not_ours", "no_customer", "not_routed", "other_mode"]


def receive(body: bytes, signature: str | None) -> Outcome:
    """Verify and store one delivery and say what it led to. An event that was stored before changes nothing.

    The tenant is found by the customer's id at Stripe alone; nothing else in the event can name one. Raises
    BadSignature, having stored nothing.
    """
    config: Config = current_app.config["PORTAL"]
    event = verify(body, signature, config.stripe_webhook_secrets)
    ours = event.livemode == config.is_live
    route = ROUTES.get(event.type)
    job = str(route[0]) if route is not None else None
    stored = store(event, body, ours=ours, job=job, now=utcnow())
    if not stored.new:
        return "duplicate"
    if not ours:
        return "other_mode"
    if stored.tenant_id is None:
        return "no_customer" if event.customer_stripe_id is None else "not_ours"
    return "marked" if job is not None else "not_routed"
