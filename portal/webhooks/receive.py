"""What happens to a webhook request: verified on its raw bytes, stored, its customer marked, in one short transaction
on a connection of its own. No network, no ORM: this is the path that a renewal night floods."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import sqlalchemy as sa
from flask import current_app

from portal.config import Config
from portal.customers.models import Customer
from portal.extensions import db
from portal.gateway.signature import verify
from portal.jobs.queue import mark_on
from portal.kit.clock import utcnow
from portal.kit.db import insert_for
from portal.sync.mark import QUEUE, key_of
from portal.webhooks.models import StripeEvent
from portal.webhooks.routes import ROUTES

# Stripe sends the events of one happening within a moment; waiting for it makes them one sync.
GATHER = timedelta(milliseconds=500)
Outcome = Literal["marked", "duplicate", "not_ours", "no_customer", "not_routed", "other_mode"]
_inbox = StripeEvent.metadata.tables["stripe_event"]
_customers = Customer.metadata.tables["customer"]
_customer_of = sa.select(_customers.c.id, _customers.c.tenant_id).where(
    _customers.c.stripe_id == sa.bindparam("stripe_id")
)


def receive(body: bytes, signature: str | None) -> Outcome:
    """Verify and store one delivery and say what it led to. An event that was stored before changes nothing.

    The tenant is found by the customer's id at Stripe alone; nothing else in the event can name one. Raises
    BadSignature, having stored nothing.
    """
    config = current_app.config["PORTAL"]
    event = verify(body, signature, config.stripe_webhook_secrets)
    ours = event.livemode == _is_live(config)
    with db.engine.begin() as connection:
        customer = None
        if ours and event.customer_stripe_id is not None:
            customer = connection.execute(_customer_of, {"stripe_id": event.customer_stripe_id}).first()
        stored = connection.execute(
            insert_for(connection, _inbox)
            .on_conflict_do_nothing(index_elements=["stripe_id"])
            .returning(_inbox.c.id),
            {
                "stripe_id": event.stripe_id,
                "type": event.type,
                "api_version": event.api_version,
                "livemode": event.livemode,
                "customer_stripe_id": event.customer_stripe_id,
                "tenant_id": customer.tenant_id if customer else None,
                "created_at": event.created_at,
                "received_at": utcnow(),
                "body": body,
            },
        )
        if stored.first() is None:
            return "duplicate"
        if not ours:
            return "other_mode"
        if customer is None:
            return "no_customer" if event.customer_stripe_id is None else "not_ours"
        route = ROUTES.get(event.type)
        if route is None:
            return "not_routed"
        name = str(route[0])
        mark_on(
            connection,
            name,
            key_of(name, customer.id),
            {"customer_id": customer.id},
            queue=QUEUE,
            tenant_id=customer.tenant_id,
            delay=GATHER,
        )
        return "marked"


def _is_live(config: Config) -> bool:
    return "_live_" in config.stripe_secret_key.reveal()[:8]
