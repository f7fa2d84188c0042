"""Who may open the operator's console: staff, whatever tenants they belong to. To everybody else it does not exist."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from flask import current_app

from portal.accounts.models import User
from portal.kit.errors import NotFound
from portal.web.current import current_user, is_signed_in

P = ParamSpec("P")
R = TypeVar("R")


def for_staff(view: Callable[Concatenate[User, P], R]) -> Callable[P, R]:
    """Give the view the signed-in operator. Sends signed-out visitors to sign in; raises NotFound for anybody else,
    as for an address that does not exist."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not is_signed_in():
            answer: Any = current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
            return answer  # type: ignore[no-any-return]
        user = current_user()
        if not user.is_staff:
            raise NotFound(f"user {user.public_id} is not staff")
        return view(user, *args, **kwargs)

    return guarded
