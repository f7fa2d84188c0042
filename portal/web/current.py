"""The signed-in user of this request, typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask_login import current_user as _proxy

if TYPE_CHECKING:
    from portal.accounts.models import User


def current_user() -> User:
    """Return the signed-in user. Call it only behind a check that somebody is signed in."""
    assert _proxy.is_authenticated
    return cast("User", _proxy._get_current_object())
