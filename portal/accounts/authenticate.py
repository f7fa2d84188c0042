"""Recognises a person by address and password."""

from __future__ import annotations

from portal.accounts import passwords, throttle
from portal.accounts.models import User
from portal.accounts.queries import user_by_email
from portal.kit.errors import PortalError
from portal.web.unit_of_work import unit_of_work


class WrongCredentials(PortalError):
    """Unknown address or wrong password; the words do not tell which."""

    code = "wrong_credentials"
    status = 422
    public_message = "The e-mail address or the password is not right."


def authenticate(email: str, password: str, *, network: str) -> User:
    """Return the user with this address and password, both as typed but the address normalised.

    Every try counts against the account and the visitor's network before anything is looked up, in units of work of
    its own (call it outside any); the password is verified outside all of them, because that takes long.
    Raises TooManyTries and WrongCredentials.
    """
    throttle.spend((throttle.SIGN_IN_ACCOUNT, email), (throttle.SIGN_IN_ADDRESS, network))
    with unit_of_work():
        user = user_by_email(email)
    if not passwords.verify(user.password_hash if user else None, password) or user is None:
        raise WrongCredentials
    stored = user.password_hash
    fresh = passwords.hash_password(password) if passwords.needs_rehash(stored) else stored
    with unit_of_work():
        throttle.forget(throttle.SIGN_IN_ACCOUNT, email)
        user.password_hash = fresh
    return user
