"""Who may use the operator's console. Only the command line gives and takes this; nothing on a page can."""

from __future__ import annotations

from portal.accounts.addresses import normalise_email
from portal.accounts.create import create_user
from portal.accounts.queries import user_by_email
from portal.accounts.reset import request_reset
from portal.audit.record import record
from portal.kit.errors import NotFound, PortalError

NO_PASSWORD = "!"  # noqa: S105 - no password has this hash
COMMAND_LINE = "command line"


class NotAnAddress(PortalError):
    """What was typed is no e-mail address."""

    code = "not_an_address"
    status = 422


def grant_staff(typed: str) -> str:
    """Let a person use the operator's console, in the caller's unit of work; return what was done, as one line.

    Somebody without an account gets one that belongs to no tenant, and a mail with the link to choose a password.
    Raises NotAnAddress.
    """
    email = _address(typed)
    user = user_by_email(email)
    is_new = user is None
    if user is None:
        user = create_user(email=email, name=email.partition("@")[0], password_hash=NO_PASSWORD)
    elif user.is_staff:
        return f"{email} is an operator already"
    user.is_staff = True
    record(
        "operator.granted", tenant_id=None, object_type="user", object_id=user.public_id, actor=COMMAND_LINE
    )
    if not is_new:
        return f"{email} is an operator now"
    request_reset(email)
    return f"{email} is an operator now; a mail with the link to choose a password is on its way"


def revoke_staff(typed: str) -> str:
    """Take the console from a person, from their next request on, in the caller's unit of work; return what was done.

    The account stays, with the tenants it belongs to. Raises NotAnAddress and, for somebody who is no operator,
    NotFound.
    """
    email = _address(typed)
    user = user_by_email(email)
    if user is None or not user.is_staff:
        raise NotFound(f"{email} is not an operator")
    user.is_staff = False
    record(
        "operator.revoked", tenant_id=None, object_type="user", object_id=user.public_id, actor=COMMAND_LINE
    )
    return f"{email} is no operator any more"


def _address(typed: str) -> str:
    try:
        return normalise_email(typed)
    except ValueError as error:
        raise NotAnAddress(f"{typed!r} is not an e-mail address") from error
