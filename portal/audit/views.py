"""The audit log of a tenant."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for

from portal.accounts.queries import users_by_id
from portal.audit.queries import actors_of, entries_of
from portal.audit.sentences import ACTORS, actor_name, sentence
from portal.kit.pagination import page_number
from portal.tenants.access import Access, for_tenant
from portal.tenants.models import Role
from portal.tenants.queries import is_member

blueprint = Blueprint("audit", __name__, url_prefix="/t/<slug>")


@blueprint.get("/audit")
@for_tenant(Role.OWNER, Role.ADMIN)
def index(access: Access) -> str:
    """Show one page of entries, newest first; `by` narrows it to one person, `page` turns the pages."""
    everybody = users_by_id(actors_of(access.tenant.id))
    # An operator who belongs to no tenant stands for the whole team.
    people = {
        user.id: user
        for user in everybody.values()
        if not user.is_staff or is_member(access.tenant.id, user.email)
    }
    chosen = next((user for user in people.values() if user.public_id == request.args.get("by")), None)
    number = page_number(request.args.get("page"))
    page = entries_of(access.tenant.id, number=number, actor_user_id=chosen.id if chosen else None)
    names = {id_: people[id_].name if id_ in people else ACTORS["operator"] for id_ in everybody}
    by = chosen.public_id if chosen else None
    return render_template(
        "audit/audit.html",
        lines=[
            (entry, actor_name(entry, names.get(entry.actor_user_id or 0)), sentence(entry))
            for entry in page.rows
        ],
        people=sorted(people.values(), key=lambda user: user.name.casefold()),
        by=by,
        newer_url=_url(access, by, number - 1) if page.has_previous else None,
        older_url=_url(access, by, number + 1) if page.has_next else None,
    )


def _url(access: Access, by: str | None, number: int) -> str:
    return url_for("audit.index", slug=access.tenant.slug, by=by, page=number)
