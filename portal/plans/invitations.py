"""Plans by invitation: which tenants an operator opened them to. The rows are what is open now; who opened and closed
what, and when, stays in the audit trail."""

from __future__ import annotations

import sqlalchemy as sa

from portal.accounts.models import User
from portal.audit.record import record
from portal.extensions import db
from portal.kit.clock import utcnow
from portal.kit.db import insert_for
from portal.kit.errors import Conflict
from portal.plans.catalog import Catalog, Plan, current_catalog
from portal.plans.models import PlanInvitation

SHELL = "operator"
"""The actor where nobody is signed in: whoever may run commands on the machine."""


class NotByInvitation(Conflict):
    """The catalogue has no such plan, or it needs no invitation."""

    code = "not_by_invitation"
    public_message = "This plan is not one that is sold by invitation."


def grant(tenant_id: int, plan_key: str, *, by: User | None) -> bool:
    """Open a plan to a tenant, in the caller's unit of work; tell whether it was not open before.

    `by` is the signed-in operator; None: the command line. Raises NotByInvitation.
    """
    plan = _by_invitation(plan_key)
    insert = insert_for(db.session.connection(), PlanInvitation).values(
        tenant_id=tenant_id,
        plan_key=plan.key,
        granted_by=SHELL if by is None else by.email,
        granted_at=utcnow(),
    )
    made = db.session.execute(
        insert.on_conflict_do_nothing(index_elements=["tenant_id", "plan_key"]).returning(PlanInvitation.id)
    ).scalar_one_or_none()
    if made is not None:
        _note("plan_invitation.granted", tenant_id, plan.key, plan.name, by)
    return made is not None


def revoke(tenant_id: int, plan_key: str, *, by: User | None) -> bool:
    """Close a plan to a tenant again, in the caller's unit of work; tell whether it was open.

    A tenant that is on the plan keeps it. Works for a plan that left the catalogue, too.
    """
    gone = db.session.execute(
        sa.delete(PlanInvitation)
        .where(PlanInvitation.tenant_id == tenant_id, PlanInvitation.plan_key == plan_key)
        .returning(PlanInvitation.id)
    ).scalar_one_or_none()
    if gone is not None:
        plan = current_catalog().plans.get(plan_key)
        _note("plan_invitation.revoked", tenant_id, plan_key, plan_key if plan is None else plan.name, by)
    return gone is not None


def invitations_of(tenant_id: int) -> list[PlanInvitation]:
    """List what is open to a tenant, by plan."""
    found = sa.select(PlanInvitation).where(PlanInvitation.tenant_id == tenant_id)
    return list(db.session.scalars(found.order_by(PlanInvitation.plan_key)))


def invited_to(tenant_id: int, catalog: Catalog) -> frozenset[str]:
    """Return the keys of the plans a tenant was invited to; asks the database only if the catalogue has any."""
    if not any(plan.visibility == "invitation" for plan in catalog.plans.values()):
        return frozenset()
    found = sa.select(PlanInvitation.plan_key).where(PlanInvitation.tenant_id == tenant_id)
    return frozenset(db.session.scalars(found))


def _by_invitation(plan_key: str) -> Plan:
    plan = current_catalog().plans.get(plan_key)
    if plan is None or plan.visibility != "invitation":
        raise NotByInvitation(f"{plan_key!r} is not a plan by invitation")
    return plan


def _note(action: str, tenant_id: int, plan_key: str, plan_name: str, by: User | None) -> None:
    record(
        action,
        tenant_id=tenant_id,
        object_type="plan",
        object_id=plan_key,
        actor=None if by is not None else SHELL,
        plan=plan_name,
    )
