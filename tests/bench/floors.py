"""The floors: the least code that does the same work, as small WSGI apps beside ours. `FLOOR` picks one.

`webhook`: verify the signature on the raw bytes, parse, one INSERT. `page`: five ORM selects and a template of the
same size as our overview.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

import psycopg
import sqlalchemy as sa
from flask import Flask, render_template_string
from sqlalchemy.orm import Session, joinedload

from portal.accounts.models import User
from portal.invoices.models import Invoice
from portal.subscriptions.models import Subscription
from portal.tenants.models import Membership, Tenant
from portal.usage.models import UsageDay

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_local = threading.local()


def webhook_floor(url: str, secret: str) -> Wsgi:
    """Return an app that stores signed events with hmac, json and one INSERT by psycopg."""

    def connection() -> psycopg.Connection[Any]:
        if not hasattr(_local, "connection"):
            _local.connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        found: psycopg.Connection[Any] = _local.connection
        return found

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        parts = dict(part.split("=", 1) for part in environ["HTTP_STRIPE_SIGNATURE"].split(","))
        signed = hmac.new(secret.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signed, parts["v1"]):
            start_response("400 Bad Request", [])
            return [b""]
        event = json.loads(body)
        connection().execute(
            "INSERT INTO floor_event (stripe_id, type, body) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (event["id"], event["type"], body),
        )
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    return app


PAGE = """<!doctype html><html lang="en"><head><title>Floor</title></head><body>
<h1>{{ tenant.name }}</h1><p>{{ user.name }} {{ subscription.status if subscription }}</p>
<table>{% for invoice in invoices %}
<tr><td>{{ invoice.number }}</td><td>{{ invoice.total_amount }}</td></tr>{% endfor %}
</table><table>{% for day in days %}<tr><td>{{ day.day_on }}</td><td>{{ day.quantity }}</td></tr>{% endfor %}</table>
{% for line in range(lines) %}<p class="filler">Line {{ line }} of a page that says as much as ours does.</p>
{% endfor %}</body></html>"""


def page_floor(url: str, size: int) -> Wsgi:
    """Return an app whose one page runs five ORM selects and renders about `size` bytes."""
    app = Flask("floor")
    engine = sa.create_engine(url, pool_size=8)

    @app.get("/")
    def page() -> str:
        with Session(engine) as session:
            membership = session.scalars(
                sa.select(Membership).options(joinedload(Membership.user)).limit(1)
            ).one()
            user = session.scalars(sa.select(User).where(User.id == membership.user_id)).one()
            tenant = session.scalars(sa.select(Tenant).where(Tenant.id == membership.tenant_id)).one()
            subscription = session.scalars(
                sa.select(Subscription).where(Subscription.tenant_id == tenant.id)
            ).first()
            invoices = session.scalars(
                sa.select(Invoice)
                .where(Invoice.tenant_id == tenant.id)
                .order_by(Invoice.issued_at.desc())
                .limit(5)
            ).all()
            days = session.scalars(
                sa.select(UsageDay).where(UsageDay.tenant_id == tenant.id).order_by(UsageDay.day_on).limit(62)
            ).all()
            return render_template_string(
                PAGE,
                user=user,
                tenant=tenant,
                subscription=subscription,
                invoices=invoices,
                days=days,
                lines=max(0, (size - 3500) // 82),
            )

    return app.wsgi_app


if "FLOOR" in os.environ:
    _url = os.environ["DATABASE_URL"]
    application = (
        webhook_floor(_url, os.environ["STRIPE_WEBHOOK_SECRET"])
        if os.environ["FLOOR"] == "webhook"
        else page_floor(_url, int(os.environ["FLOOR_BYTES"]))
    )
