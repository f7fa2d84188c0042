"""Reads of the audit trail."""

from __future__ import annotations

import sqlalchemy as sa

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.kit.pagination import Page, cut

PAGE_SIZE = 50


def entries_of(tenant_id: int, *, number: int, actor_user_id: int | None = None) -> Page[AuditEntry]:
    """Return one page of a tenant's entries, newest first; with an actor, only theirs."""
    wanted = sa.select(AuditEntry).where(AuditEntry.tenant_id == tenant_id)
    if actor_user_id is not None:
        wanted = wanted.where(AuditEntry.actor_user_id == actor_user_id)
    rows = db.session.scalars(
        wanted.order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
        .limit(PAGE_SIZE + 1)
        .offset((number - 1) * PAGE_SIZE)
    ).all()
    return cut(rows, number=number, size=PAGE_SIZE)


def actors_of(tenant_id: int) -> list[int]:
    """List the ids of the users who did something in a tenant."""
    return list(
        db.session.scalars(
            sa.select(AuditEntry.actor_user_id)
            .where(AuditEntry.tenant_id == tenant_id, AuditEntry.actor_user_id.is_not(None))
            .distinct()
        )
    )
