"""Writes the audit trail, in the transaction of what it describes."""

from __future__ import annotations

from typing import Any

from flask import has_request_context, request
from flask_login import current_user

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.web.logs import request_id


def record(
    action: str,
    *,
    tenant_id: int | None,
    object_type: str,
    object_id: str,
    actor: str | None = None,
    **details: Any,
) -> None:
    """Add one entry: `action` is `noun.verb` in the past tense (`member.invited`), `details` small JSON values.

    The actor is the signed-in user unless `actor` names another (`stripe`, `worker`, `api key pk_ab12`).
    """
    # Outside a request it is always the worker: visitors only come through the door.
    somebody = "visitor" if has_request_context() else "worker"
    user = current_user if actor is None and has_request_context() and current_user.is_authenticated else None
    db.session.add(
        AuditEntry(
            tenant_id=tenant_id,
            actor_user_id=user.id if user else None,
            actor=actor or (user.email if user else somebody),
            action=action,
            object_type=object_type,
            object_id=object_id,
            details=details,
            address=(request.remote_addr or "") if has_request_context() else "",
            request_id=request_id(),
        )
    )
