"""Webhook acknowledgement against floor A: hmac, json and one INSERT."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from statistics import median
from uuid import uuid4

import psycopg

from tests.bench.load import Request, closed_loop
from tests.bench.servers import gunicorn

EVENT_BYTES = 3_600


def signed_event(secret: str, number: int) -> Request:
    """Build one delivery of a subscription update, about 3.6 kB, signed now."""
    event = {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "type": "customer.subscription.updated",
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "livemode": False,
        "data": {
            "object": {
                "id": f"sub_bench{number % 50}",
                "object": "subscription",
                "customer": f"cus_bench{number % 50}",
            }
        },
        "filler": "x" * (EVENT_BYTES - 330),
    }
    body = json.dumps(event).encode()
    moment = str(int(time.time()))
    digest = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "Stripe-Signature": f"t={moment},v1={digest}"}
    return "POST", "/webhooks/stripe", body, headers


def measure(environment: dict[str, str], *, rounds: int, requests: int) -> dict[str, float]:
    """Return events per second of ours and of the floor, and the median of the ratios of the rounds."""
    secret, url = environment["STRIPE_WEBHOOK_SECRET"], environment["DATABASE_URL"]
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS floor_event "
            "(id bigserial PRIMARY KEY, stripe_id text UNIQUE, type text, body bytea)"
        )
    floor_environment = {**environment, "FLOOR": "webhook"}
    ours: list[float] = []
    floor: list[float] = []
    with (
        gunicorn("wsgi:app", environment, kind="gthread", probe="/healthz") as portal,
        gunicorn("tests.bench.floors:application", floor_environment, kind="sync", probe="/") as bare,
    ):
        for _ in range(rounds):
            ours.append(closed_loop(portal.port, requests, lambda n: signed_event(secret, n)).per_second)
            floor.append(closed_loop(bare.port, requests, lambda n: signed_event(secret, n)).per_second)
    ratios = [mine / theirs for mine, theirs in zip(ours, floor, strict=True)]
    return {"ours per second": median(ours), "floor per second": median(floor), "ratio": median(ratios)}
