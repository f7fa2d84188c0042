"""Usage over HTTP against the same rows straight to SQL, with the hourly and daily sums in both."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from statistics import median
from uuid import uuid4

import psycopg

from tests.bench.data import API_KEY
from tests.bench.load import Request, closed_loop
from tests.bench.servers import gunicorn

STRAIGHT = """
WITH sent AS (
    SELECT * FROM jsonb_to_recordset(%(batch)s::jsonb) AS x(k text, q bigint, at timestamptz)
), added AS (
    INSERT INTO usage_event (tenant_id, meter_id, idempotency_key, quantity, occurred_at, recorded_at)
    SELECT %(tenant)s, %(meter)s, k, q, at, now() FROM sent
    ON CONFLICT (tenant_id, idempotency_key) DO NOTHING RETURNING quantity, occurred_at
), hours AS (
    INSERT INTO usage_hour (tenant_id, meter_id, hour_at, quantity, events, latest_at, reported_quantity)
    SELECT %(tenant)s, %(meter)s, date_trunc('hour', occurred_at), sum(quantity), count(*), max(occurred_at), 0
    FROM added GROUP BY 3
    ON CONFLICT (tenant_id, meter_id, hour_at)
    DO UPDATE SET quantity = usage_hour.quantity + excluded.quantity, events = usage_hour.events + excluded.events
)
INSERT INTO usage_day (tenant_id, meter_id, day_on, quantity, events, latest_at)
SELECT %(tenant)s, %(meter)s, (occurred_at AT TIME ZONE 'UTC')::date, sum(quantity), count(*), max(occurred_at)
FROM added GROUP BY 3
ON CONFLICT (tenant_id, meter_id, day_on)
DO UPDATE SET quantity = usage_day.quantity + excluded.quantity, events = usage_day.events + excluded.events
"""


def measure(environment: dict[str, str], *, rounds: int, batch: int, batches: int) -> dict[str, float]:
    """Return rows per second over HTTP and straight to SQL with two connections, and the median ratio."""
    url = environment["DATABASE_URL"].replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        tenant, meter = connection.execute(
            "SELECT t.id, m.id FROM tenant t, meter m WHERE t.slug = 'bench-0' AND m.key = 'api_calls'"
        ).fetchone() or (0, 0)
    over_http: list[float] = []
    straight: list[float] = []
    with gunicorn("wsgi:app", environment, kind="gthread", probe="/healthz") as portal:
        for _ in range(rounds):
            requests = [_request(batch) for _ in range(batches)]
            seen = closed_loop(portal.port, batches, lambda n, made=requests: made[n], connections=2)  # type: ignore[misc]
            over_http.append(seen.per_second * batch)
            straight.append(_straight(url, tenant, meter, batch=batch, batches=batches))
    ratios = [mine / theirs for mine, theirs in zip(over_http, straight, strict=True)]
    return {"HTTP rows/s": median(over_http), "SQL rows/s": median(straight), "ratio": median(ratios)}


def _request(batch: int) -> Request:
    at = datetime.now(UTC).isoformat()
    events = [
        {"meter": "api_calls", "quantity": 3, "idempotency_key": uuid4().hex, "occurred_at": at}
        for _ in range(batch)
    ]
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {API_KEY}"}
    return "POST", "/api/v1/usage/events", json.dumps({"events": events}).encode(), headers


def _straight(url: str, tenant: int, meter: int, *, batch: int, batches: int) -> float:
    at = datetime.now(UTC).isoformat()
    made = [json.dumps([{"k": uuid4().hex, "q": 3, "at": at} for _ in range(batch)]) for _ in range(batches)]
    halves = (made[::2], made[1::2])

    def send(rows: list[str]) -> None:
        with psycopg.connect(url) as connection:
            for each in rows:
                connection.execute(STRAIGHT, {"batch": each, "tenant": tenant, "meter": meter})
                connection.commit()

    started = time.perf_counter()
    threads = [threading.Thread(target=send, args=(half,)) for half in halves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return batch * batches / (time.perf_counter() - started)
