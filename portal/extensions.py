"""The bare Flask extensions; `create_app` binds them to an app."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import g, has_request_context, request
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from flask_wtf import CSRFProtect

from portal.kit.db import Model

_readonly_engines: dict[sa.Engine, sa.Engine] = {}


class PortalSession(Session):
    """The ORM session of a request or job. On GET and HEAD it reads through a connection that never takes the
    write lock; such a session refuses to flush. A view that must write on GET calls `open_for_writing` first."""

    def get_bind(self, mapper: Any = None, clause: Any = None, bind: Any = None, **kwargs: Any) -> Any:
        engine = super().get_bind(mapper, clause, bind, **kwargs)
        if not isinstance(engine, sa.Engine) or not is_readonly():
            return engine
        # One OptionEngine per engine: the session keys its connections by engine object.
        if engine not in _readonly_engines:
            # Reads on PostgreSQL need no BEGIN and no ROLLBACK: two round trips of a page.
            autocommit = {"isolation_level": "AUTOCOMMIT"} if engine.dialect.name == "postgresql" else {}
            _readonly_engines[engine] = engine.execution_options(readonly=True, **autocommit)
        return _readonly_engines[engine]

    def _flush(self, objects: Any = None) -> None:
        if is_readonly():
            raise RuntimeError("a GET or HEAD request must not write")
        super()._flush(objects)


def is_readonly() -> bool:
    """Tell whether the current request may only read the database."""
    return (
        has_request_context()
        and request.method in ("GET", "HEAD", "OPTIONS")
        and not g.get("writes_on_get", False)
    )


def open_for_writing() -> None:
    """Let this GET request write: for the return from Checkout, which must show the truth at once.

    Ends the read transaction that the access check opened, because a deferred one cannot be upgraded safely.
    """
    db.session.rollback()
    g.writes_on_get = True


db = SQLAlchemy(model_class=Model, session_options={"class_": PortalSession, "expire_on_commit": False})
login_manager = LoginManager()
csrf = CSRFProtect()
