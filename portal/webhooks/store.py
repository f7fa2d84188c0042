"""The inbox's write: one event and the mark of its customer's job, as text and in as few round trips as the database
allows, because on a renewal night every webhook comes through here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import Flask, current_app

from portal.extensions import db
from portal.gateway.signature import Event
from portal.jobs.queue import MARK_COLUMNS, MARK_CONSTANTS, ON_MARK
from portal.kit.db import UtcDateTime
from portal.sync.mark import QUEUE
from portal.webhooks.connection import OpenConnections

# Stripe sends the events of one happening within a moment; waiting for it makes them one sync.
GATHER = timedelta(milliseconds=500)
_STORE = """INSERT INTO stripe_event
    (stripe_id, type, api_version, livemode, customer_stripe_id, tenant_id, created_at, received_at, body)
    VALUES (:id, :type, :api_version, :livemode, :customer,
        (SELECT tenant_id FROM customer WHERE stripe_id = :ours), :created_at, :now, :body)
    ON CONFLICT (stripe_id) DO NOTHING RETURNING tenant_id"""
_MARK = """INSERT INTO job ({columns})
    SELECT '{queue}', CAST(:job AS VARCHAR(60)), CAST(:job AS VARCHAR(60)) || ':' || customer.id,
        {payload}, :due, customer.tenant_id, :now, {constants}
    FROM customer WHERE customer.stripe_id = :ours AND :job IS NOT NULL {if_stored} {on_mark}"""
_TYPES = (
    sa.bindparam("created_at", type_=UtcDateTime()),
    sa.bindparam("now", type_=UtcDateTime()),
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the write found: `new` is False for an event that was there before."""

    new: bool
    tenant_id: int | None


def _mark_statement(payload: str, if_stored: str) -> str:
    return _MARK.format(
        columns=MARK_COLUMNS,
        queue=QUEUE,
        payload=payload,
        constants=MARK_CONSTANTS,
        if_stored=if_stored,
        on_mark=ON_MARK,
    )


_ON_SQLITE = (
    sa.text(_STORE).bindparams(*_TYPES),
    sa.text(_mark_statement("json_object('customer_id', customer.id)", "")).bindparams(
        sa.bindparam("due", type_=UtcDateTime()), _TYPES[1]
    ),
)
# The driver's own marks for values, %(name)s, because this statement does without SQLAlchemy's.
_ON_POSTGRESQL = re.sub(
    r"(?<!:):([a-z_]+)",
    r"%(\1)s",
    " ".join(
        (
            f"WITH stored AS ({_STORE}), marked AS (",
            _mark_statement(
                "jsonb_build_object('customer_id', customer.id)", "AND EXISTS (SELECT 1 FROM stored)"
            ),
            ") SELECT tenant_id FROM stored",
        )
    ),
)


def install(app: Flask) -> None:
    """Give the app its open connections to PostgreSQL; SQLite needs none. Needs an application context."""
    if db.engine.dialect.name == "postgresql":
        app.extensions["inbox_connections"] = OpenConnections(db.engine)


def store(event: Event, body: bytes, *, ours: bool, job: str | None, now: datetime) -> Stored:
    """Store the event once and mark `job` for its customer, in one transaction.

    Without `ours` (the event is of the other mode) no customer is looked up; without `job` none is marked.
    """
    values = {
        "id": event.stripe_id,
        "type": event.type,
        "api_version": event.api_version,
        "livemode": event.livemode,
        "customer": event.customer_stripe_id,
        "ours": event.customer_stripe_id if ours else None,
        "created_at": event.created_at,
        "now": now,
        "body": body,
    }
    marking = {"ours": values["ours"], "job": job, "due": now + GATHER, "now": now}
    connections = current_app.extensions.get("inbox_connections")
    if connections is not None:
        found = connections.execute(_ON_POSTGRESQL, values | marking)
    else:
        insert, mark = _ON_SQLITE
        with db.engine.begin() as connection:
            found = connection.execute(insert, values).first()
            if found is not None and found.tenant_id is not None and job is not None:
                connection.execute(mark, marking)
    return Stored(found is not None, found[0] if found is not None else None)
