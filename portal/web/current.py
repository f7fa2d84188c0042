"""The signed-in user of this request, typed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from flask import current_app
from flask_login import current_user as _proxy

if TYPE_CHECKING:
    from portal.accounts.models import User

P = ParamSpec("P")
R = TypeVar("R")


def current_user() -> User:
    """Return the signed-in user. Call it only behind a check that somebody is signed in."""
    assert _proxy.is_authenticated
    return cast("User", _proxy._get_current_object())


def is_signed_in() -> bool:
    """Tell whether this request comes from a signed-in browser."""
    return bool(_proxy.is_authenticated)


def signed_in(view: Callable[P, R]) -> Callable[P, R]:
    """Let only signed-in people to a view that belongs to no tenant; others are sent to sign in."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not is_signed_in():
            answer: Any = current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
            return answer  # type: ignore[no-any-return]
        return view(*args, **kwargs)

    return guarded
