"""Where a request or job commits. A POST request is one unit of work: it commits after the view answered below
400 and rolls back otherwise. A view that calls Stripe in between opens explicit ones; they never nest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue

from portal.extensions import db

F = TypeVar("F", bound=Callable[..., Any])
_MARK = "__opens_units_of_work__"


class NestedUnitOfWork(RuntimeError):
    """A unit of work was opened inside another: the inner commit would break the outer promise."""


@contextmanager
def unit_of_work() -> Iterator[None]:
    """Commit what happened in the block, or roll all of it back. Raises NestedUnitOfWork when nested."""
    info = db.session.info
    if info.get("in_unit_of_work"):
        raise NestedUnitOfWork
    info["in_unit_of_work"] = True
    try:
        yield
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        info["in_unit_of_work"] = False


def opens_units_of_work(view: F) -> F:
    """Mark a view that calls `unit_of_work` itself because it talks to Stripe between two of them."""
    setattr(view, _MARK, True)
    return view


class Portal(Flask):
    """Flask whose unsafe requests are units of work. In `dispatch_request`, not in teardown, so that a failing
    commit still reaches the error handlers."""

    def ensure_sync(self, func: F) -> F:
        """Return the function as it is: Flask would ask of each one, at every request, whether it is a coroutine."""
        return func

    def dispatch_request(self) -> ResponseReturnValue:
        view = self.view_functions.get(request.endpoint or "")
        if request.method in ("GET", "HEAD", "OPTIONS") or getattr(view, _MARK, False):
            return super().dispatch_request()
        refusal: Response | None = None
        try:
            with unit_of_work():
                response = self.make_response(super().dispatch_request())
                if response.status_code >= 400:
                    refusal = response
                    raise _Refused
        except _Refused:
            assert refusal is not None
            return refusal
        return response


class _Refused(Exception):
    """The view answered with an error status: roll back, but send its page."""
