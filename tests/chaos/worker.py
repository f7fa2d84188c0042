"""A worker process for the chaos tests: `python -m tests.chaos.worker`. Its handlers leave a row of the audit trail
for every effect, and take long enough to be killed at any step."""

from __future__ import annotations

import os
import threading
from datetime import timedelta

import sqlalchemy as sa

from portal.app import create_app
from portal.audit.models import AuditEntry
from portal.audit.record import record
from portal.config import Config
from portal.extensions import db
from portal.jobs.registry import Payload, register
from portal.jobs.worker import Worker

LEASE = timedelta(seconds=1)


def dawdle(_payload: Payload) -> None:
    """Take as long as a quick call to Stripe."""
    threading.Event().wait(0.01)


def leave_a_row(payload: Payload, _answer: None) -> None:
    """The effect of a one-off job."""
    record(
        "chaos.effect", tenant_id=None, object_type="job", object_id=str(payload["number"]), actor="worker"
    )


def look(payload: Payload, _answer: None) -> None:
    """The effect of a keyed job: note the newest fact of its key."""
    newest = db.session.scalar(
        sa.select(sa.func.max(AuditEntry.id)).where(
            AuditEntry.action == "chaos.fact", AuditEntry.object_id == payload["key"]
        )
    )
    record(
        "chaos.seen", tenant_id=None, object_type="key", object_id=payload["key"], actor="worker", fact=newest
    )


def main() -> None:
    """Work until killed."""
    register("chaos.once", queue="default", call=dawdle, apply=leave_a_row)
    register("chaos.level", queue="mail", call=dawdle, apply=look)
    app = create_app(Config.from_env(os.environ))
    Worker(app, threads={"default": 2, "mail": 2}, lease=LEASE, poll_seconds=0.02).run()


if __name__ == "__main__":
    main()
