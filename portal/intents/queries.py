"""Reads about intents: the unfinished checkout of a tenant, and the checkout of a session."""

from __future__ import annotations

import sqlalchemy as sa

from portal.extensions import db
from portal.intents.models import Intent, IntentState

UNFINISHED = (IntentState.OPEN, IntentState.WAITING)


def unfinished_checkout(tenant_id: int) -> Intent | None:
    """Return the tenant's one checkout that is open or waiting, if any."""
    return db.session.scalars(
        sa.select(Intent)
        .where(Intent.tenant_id == tenant_id, Intent.kind == "checkout", Intent.state.in_(UNFINISHED))
        .execution_options(populate_existing=True)
    ).one_or_none()


def checkout_of_session(tenant_id: int, session_stripe_id: str) -> Intent | None:
    """Return the tenant's checkout that opened a Checkout Session; another tenant's is not found."""
    if not session_stripe_id.isascii() or not session_stripe_id.isprintable():
        return None  # typed into an address by somebody; PostgreSQL would refuse even to look for some of it
    return db.session.scalars(
        sa.select(Intent).where(
            Intent.tenant_id == tenant_id, Intent.kind == "checkout", Intent.stripe_id == session_stripe_id
        )
    ).one_or_none()
