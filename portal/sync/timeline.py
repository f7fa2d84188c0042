"""What happened between Stripe and us about one tenant, newest first: the events that came and the syncs that ran."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from portal.extensions import db
from portal.kit.db import Model
from portal.sync.models import SyncRun


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: an `event` (`title` is its type, `detail` its id) or a `sync` (trigger, outcome and what changed)."""

    at: datetime
    kind: str
    title: str
    detail: str
    changes: dict[str, Any]


def timeline(tenant_id: int, *, most: int = 50) -> list[Entry]:
    """Return the tenant's newest events and syncs, at most `most`, in two statements."""
    runs = db.session.scalars(
        sa.select(SyncRun)
        .where(SyncRun.tenant_id == tenant_id)
        .order_by(SyncRun.started_at.desc(), SyncRun.id.desc())
        .limit(most)
    )
    # The inbox belongs to the webhook door, which stands above this room: its table is enough here.
    inbox = Model.metadata.tables["stripe_event"]
    events = db.session.execute(
        sa.select(inbox.c.received_at, inbox.c.type, inbox.c.stripe_id)
        .where(inbox.c.tenant_id == tenant_id)
        .order_by(inbox.c.received_at.desc(), inbox.c.id.desc())
        .limit(most)
    )
    entries = [_of_run(run) for run in runs]
    entries += [Entry(at, "event", type_, stripe_id, {}) for at, type_, stripe_id in events]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:most]


def _of_run(run: SyncRun) -> Entry:
    return Entry(
        run.started_at,
        "sync",
        f"{run.trigger}: {run.outcome}",
        f"ticket {run.ticket}, {run.calls} calls",
        run.changes,
    )
