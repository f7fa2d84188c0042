"""Makes a user. Two requests at the same time with the same address make one: the database decides."""

from __future__ import annotations

from portal.accounts.models import User
from portal.audit.record import record
from portal.extensions import db
from portal.kit.db import insert_for
from portal.kit.errors import PortalError


class EmailTaken(PortalError):
    """Somebody signed up with this address before."""

    code = "email_taken"
    status = 409
    public_message = "This address already has an account. Sign in instead, or reset your password."


def create_user(*, email: str, name: str, password_hash: str) -> User:
    """Add a user with a normalised address and a hash made beforehand. Raises EmailTaken."""
    insert = insert_for(db.session.connection(), User).values(
        email=email, name=name, password_hash=password_hash
    )
    made = db.session.execute(
        insert.on_conflict_do_nothing(index_elements=["email"]).returning(User.id)
    ).scalar_one_or_none()
    if made is None:
        raise EmailTaken
    user = db.session.get_one(User, made)
    record("user.signed_up", tenant_id=None, object_type="user", object_id=user.public_id, actor=email)
    return user
