"""Stores a batch of usage events: insert what is new, and add exactly that to the hours and days, in the caller's
transaction. SQL by hand, one JSON parameter per batch: row by row this would cost ten times as much.

An event's hour is the row of UsageHour it is counted in: the full hour, or the start of the billing period that
began within that hour before the event.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import msgspec
import sqlalchemy as sa

from portal.kit.errors import PortalError
from portal.usage.batch import Row
from portal.usage.models import NOTHING_TOLD

_SUM_LIMITS = ("ck_usage_hour_quantity", "ck_usage_day_quantity")
NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class UsageOverflow(PortalError):
    """The sum of an hour or a day would no longer be exact."""

    code = "usage_overflow"
    status = 422
    public_message = (
        "With this batch an hour's usage would be larger than can be counted. Nothing was stored."
    )


_INSERT_SQLITE = sa.text("""
INSERT INTO usage_event (tenant_id, meter_id, idempotency_key, quantity, occurred_at, recorded_at)
SELECT :tenant, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       json_extract(value, '$[3]'), :now
FROM json_each(:rows) WHERE true
ON CONFLICT (tenant_id, idempotency_key) DO NOTHING
""")

_HOUR_SQLITE = """CASE
    WHEN occurred_at >= :first AND substr(occurred_at, 1, 13) = substr(:first, 1, 13) THEN :first
    WHEN occurred_at >= :second AND substr(occurred_at, 1, 13) = substr(:second, 1, 13) THEN :second
    ELSE substr(occurred_at, 1, 13) || ':00:00.000000' END"""

_HOUR_POSTGRESQL = """CASE
    WHEN occurred_at >= :first AND date_trunc('hour', occurred_at, 'UTC') = date_trunc('hour', :first, 'UTC')
        THEN :first
    WHEN occurred_at >= :second AND date_trunc('hour', occurred_at, 'UTC') = date_trunc('hour', :second, 'UTC')
        THEN :second
    ELSE date_trunc('hour', occurred_at, 'UTC') END"""


def _rollup(table: str, column: str, bucket: str, source: str, *, latest: str | None) -> str:
    """Write the upsert of one rollup from the new events. `latest`: the SQL of a `last` meter's newest value."""
    value, moved = "sum(quantity)", f"{table}.quantity + excluded.quantity"
    if latest is not None:
        value = latest
        moved = (
            f"CASE WHEN excluded.latest_at >= {table}.latest_at THEN excluded.quantity "
            f"ELSE {table}.quantity END"
        )
    newer = (
        f"CASE WHEN excluded.latest_at > {table}.latest_at THEN excluded.latest_at ELSE {table}.latest_at END"
    )
    # A `last` meter's 0 is a value that Stripe must be told too, so its hours begin as told about nothing.
    untold = table == "usage_hour" and latest is not None
    more, more_values = (", reported_quantity", f", {NOTHING_TOLD}") if untold else ("", "")
    return f"""
INSERT INTO {table} (tenant_id, meter_id, {column}, quantity, events, latest_at{more})
SELECT :tenant, meter_id, {bucket} AS bucket, {value}, count(*), max(occurred_at){more_values}
FROM {source} GROUP BY meter_id, bucket ORDER BY meter_id, bucket
ON CONFLICT (tenant_id, meter_id, {column}) DO UPDATE
SET quantity = {moved}, events = {table}.events + excluded.events, latest_at = {newer}
"""  # noqa: S608 - made of constants only


def _sqlite(source: str, latest: str | None) -> list[sa.TextClause]:
    day = "substr(occurred_at, 1, 10)"
    return [
        sa.text(_rollup("usage_hour", "hour_at", _HOUR_SQLITE, source, latest=latest)),
        sa.text(_rollup("usage_day", "day_on", day, source, latest=latest)),
    ]


# A writing transaction is alone on SQLite, so the events beyond the highest id before it are the batch's own.
# With max(), a bare column is that of the row with the maximum (sqlite.org/lang_select.html#bareagg).
_SUMS_SQLITE = _sqlite(
    "usage_event WHERE id > :before AND meter_id NOT IN (SELECT value FROM json_each(:last))", None
)
_LAST_SQLITE = _sqlite(
    "usage_event WHERE id > :before AND meter_id IN (SELECT value FROM json_each(:last))", "quantity"
)


def _postgresql() -> sa.TextClause:
    newest = "(array_agg(quantity ORDER BY occurred_at DESC, id DESC))[1]"
    day = "(occurred_at AT TIME ZONE 'UTC')::date"
    sums, last = "fresh WHERE meter_id <> ALL(:last)", "fresh WHERE meter_id = ANY(:last)"
    parts = {
        "hours": _rollup("usage_hour", "hour_at", _HOUR_POSTGRESQL, sums, latest=None),
        "days": _rollup("usage_day", "day_on", day, sums, latest=None),
        "last_hours": _rollup("usage_hour", "hour_at", _HOUR_POSTGRESQL, last, latest=newest),
        "last_days": _rollup("usage_day", "day_on", day, last, latest=newest),
    }
    rollups = ",\n".join(f"{name} AS ({sql})" for name, sql in parts.items())
    return sa.text(f"""
WITH fresh AS (
    INSERT INTO usage_event (tenant_id, meter_id, idempotency_key, quantity, occurred_at, recorded_at)
    SELECT :tenant, m, k, q, t, :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS sent(m bigint, k text, q bigint, t timestamptz)
    ON CONFLICT (tenant_id, idempotency_key) DO NOTHING
    RETURNING id, meter_id, quantity, occurred_at
), {rollups}
SELECT count(*) FROM fresh
""").bindparams(  # noqa: S608 - made of constants only
        sa.bindparam("last", type_=sa.ARRAY(sa.BigInteger)),
        *(sa.bindparam(name, type_=sa.DateTime(timezone=True)) for name in ("first", "second", "now")),
    )


_ALL_POSTGRESQL = _postgresql()


def store(
    connection: sa.Connection,
    tenant_id: int,
    rows: Sequence[Row],
    *,
    period_starts: Collection[datetime],
    last_meters: Collection[int],
    now: datetime,
) -> int:
    """Store the rows and return how many were new; the others had a key that is already known.

    `period_starts` are the instants (at most two) at which a billing period of the tenant begins or ends;
    `last_meters` the ids of meters of which only the newest value counts. Raises UsageOverflow.
    """
    first, second = (*sorted(period_starts)[-2:], NEVER, NEVER)[:2]
    # Always in the same order, as the sums are: two batches with the same keys would otherwise wait for each other.
    ordered = sorted(rows, key=attrgetter("k"))
    try:
        if connection.dialect.name == "postgresql":
            packed = msgspec.json.encode(ordered).decode()
            values: dict[str, Any] = {"first": first, "second": second, "now": now, "last": list(last_meters)}
            values |= {"tenant": tenant_id, "rows": packed}
            return int(connection.execute(_ALL_POSTGRESQL, values).scalar_one())
        return _store_sqlite(connection, tenant_id, ordered, first, second, last_meters, now)
    except sa.exc.IntegrityError as error:
        if not any(name in str(error.orig) for name in _SUM_LIMITS):
            raise
        raise UsageOverflow(f"tenant {tenant_id}") from error


def _store_sqlite(
    connection: sa.Connection,
    tenant_id: int,
    rows: Sequence[Row],
    first: datetime,
    second: datetime,
    last_meters: Collection[int],
    now: datetime,
) -> int:
    before = connection.execute(sa.text("SELECT coalesce(max(id), 0) FROM usage_event")).scalar_one()
    packed = msgspec.json.encode([(row.m, row.k, row.q, _as_text(row.t)) for row in rows]).decode()
    added = connection.execute(
        _INSERT_SQLITE, {"tenant": tenant_id, "rows": packed, "now": _as_text(now)}
    ).rowcount
    values = {
        "tenant": tenant_id,
        "before": before,
        "last": msgspec.json.encode(list(last_meters)).decode(),
        "first": _as_text(first),
        "second": _as_text(second),
    }
    for statement in _SUMS_SQLITE + (_LAST_SQLITE if last_meters else []):
        connection.execute(statement, values)
    return added


def _as_text(at: datetime) -> str:
    """Write an instant as SQLite stores it: in UTC, without naming the zone."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.isoformat(" ", "microseconds")[:26]
