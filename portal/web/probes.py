"""Liveness and readiness: is the process up; can it reach its database. Neither asks Stripe."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask, jsonify
from werkzeug.wrappers import Response

from portal.extensions import db


def install(app: Flask) -> None:
    """Add /healthz and /readyz."""

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    @app.get("/readyz")
    def readyz() -> tuple[Response, int]:
        try:
            db.session.execute(sa.text("SELECT 1"))
        except sa.exc.SQLAlchemyError:
            return jsonify(status="no database"), 503
        return jsonify(status="ok"), 200
