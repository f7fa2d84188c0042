"""Who may open a tenant's page. The one loader every tenant view goes through: signed out goes to the sign-in
page, a stranger gets 404 (the tenant's existence is not told), a member without the role gets 403."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from flask import current_app, g, session
from flask_login import current_user
from sqlalchemy.orm import contains_eager, lazyload

from portal.extensions import db
from portal.gateway import health
from portal.kit.errors import Forbidden, NotFound
from portal.tenants.models import Membership, Role, Tenant
from portal.web.current import current_user as signed_in_user

P = ParamSpec("P")
R = TypeVar("R")
MANAGERS = (Role.OWNER, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Access:
    """The tenant of this request and what the signed-in user is there."""

    tenant: Tenant
    membership: Membership

    @property
    def role(self) -> Role:
        return Role(self.membership.role)

    @property
    def can_manage(self) -> bool:
        """Owners and admins may change plans, seats, members and payment details."""
        return self.role in MANAGERS


def for_tenant(
    *roles: Role,
) -> Callable[[Callable[Concatenate[Access, P], R]], Callable[P, R]]:
    """Give the view its Access for the route's `slug`. With `roles`, only those; without, every member.

    Raises NotFound for strangers and unknown slugs, Forbidden for a missing role.
    """

    def decorate(view: Callable[Concatenate[Access, P], R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not current_user.is_authenticated:
                answer: Any = current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
                return answer  # type: ignore[no-any-return]
            access = load(str(kwargs.pop("slug")), signed_in_user().id)
            if roles and access.role not in roles:
                raise Forbidden(f"{access.role} on {access.tenant.slug}")
            return view(access, *args, **kwargs)

        guarded.__tenant_roles__ = roles or tuple(Role)  # type: ignore[attr-defined]
        return guarded

    return decorate


def load(slug: str, user_id: int) -> Access:
    """Return the user's access to the tenant, and remember it for templates. Raises NotFound.

    The same round trip tells what every page shows around it: the user's other tenants, and whether Stripe answers.
    """
    rows = db.session.execute(_memberships(), {"user_id": user_id}).all()
    membership = next((each for each, _ in rows if each.tenant.slug == slug), None)
    if membership is None:
        raise NotFound(f"no access to tenant {slug!r}")
    if session.get("tenant") != slug:
        session["tenant"] = slug  # where the start page leads next time
    g.tenancies = [(each.tenant, each.role) for each, _ in rows]
    g.gateway_is_down = bool(rows[0][1])
    g.access = Access(membership.tenant, membership)
    access: Access = g.access
    return access


@cache
def _memberships() -> sa.Select[Membership, bool | None]:
    return (
        sa.select(Membership, health.is_down())
        .join(Membership.tenant)
        .options(contains_eager(Membership.tenant), lazyload(Membership.user))
        .where(Membership.user_id == sa.bindparam("user_id"))
        .order_by(sa.func.lower(Tenant.name), Tenant.id)
    )
