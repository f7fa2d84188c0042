"""Founds a tenant: the organisation and its first owner."""

from __future__ import annotations

from collections.abc import Iterator

from portal.accounts.models import User
from portal.audit.record import record
from portal.extensions import db
from portal.kit.db import insert_for
from portal.kit.ids import public_id, slugify
from portal.tenants.models import Membership, Role, Tenant


def found_tenant(name: str, owner: User) -> Tenant:
    """Add a tenant with a slug made from its name, and the user as its owner; invoices go to the owner's address."""
    tenant = next(
        tenant
        for slug in _slugs(name)
        if (tenant := _insert(slug, name, billing_email=owner.email)) is not None
    )
    db.session.add(Membership(tenant_id=tenant.id, user_id=owner.id, role=Role.OWNER))
    db.session.flush()  # the membership must exist for whoever reads it in this transaction
    record(
        "tenant.founded",
        tenant_id=tenant.id,
        object_type="tenant",
        object_id=tenant.public_id,
        actor=owner.email,
        name=name,
    )
    return tenant


def _slugs(name: str) -> Iterator[str]:
    slug = slugify(name)
    yield slug
    for number in range(2, 10):
        yield f"{slug}-{number}"
    while True:
        yield f"{slug}-{public_id()[:6]}"


def _insert(slug: str, name: str, *, billing_email: str) -> Tenant | None:
    # The unique constraint picks the winner: looking first would let two sign-ups choose the same slug.
    insert = insert_for(db.session.connection(), Tenant).values(
        slug=slug, name=name, billing_email=billing_email
    )
    made = db.session.execute(
        insert.on_conflict_do_nothing(index_elements=["slug"]).returning(Tenant.id)
    ).scalar_one_or_none()
    return db.session.get_one(Tenant, made) if made is not None else None
