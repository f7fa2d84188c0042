"""What people change about themselves: their name and their password."""

from __future__ import annotations

from portal.accounts import passwords, sessions, throttle
from portal.accounts.models import User
from portal.audit.record import record
from portal.kit.errors import PortalError
from portal.mail.send import send_mail
from portal.web.addresses import public_url_of
from portal.web.unit_of_work import unit_of_work


class WrongPassword(PortalError):
    """The current password was not right."""

    code = "wrong_password"
    status = 422
    public_message = "This is not your current password."


def rename(user: User, name: str) -> None:
    """Change the name that colleagues see."""
    if user.name == name:
        return
    record(
        "user.renamed",
        tenant_id=None,
        object_type="user",
        object_id=user.public_id,
        before=user.name,
        after=name,
    )
    user.name = name


def change_password(user: User, *, current: str, new: str) -> None:
    """Change the password, end the user's other sessions and tell them by mail.

    Opens its own units of work (call it outside any), because tries count and hashing takes long. Raises
    TooManyTries, WrongPassword, WeakPassword.
    """
    throttle.spend((throttle.SIGN_IN_ACCOUNT, user.email))
    if not passwords.verify(user.password_hash, current):
        raise WrongPassword
    passwords.refuse_weak(new, user.email, user.name)
    hashed = passwords.hash_password(new)
    with unit_of_work():
        user.password_hash = hashed
        throttle.forget(throttle.SIGN_IN_ACCOUNT, user.email)
        sessions.end_others(user)
        record("password.changed", tenant_id=None, object_type="user", object_id=user.public_id)
        send_mail(
            "password_changed", user.email, {"name": user.name, "link": public_url_of("accounts.forgot")}
        )
