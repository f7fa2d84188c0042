"""What a batch of usage events must look like: every mistake is named by its event, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.usage.batch import BadBatch, KnownMeter, Problem, Row, decode, rows
from tests.fixtures.usage import batch, event

NOW = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)
METERS = {
    "api_calls": KnownMeter(1, "sum", 0),
    "storage_gb": KnownMeter(2, "sum", 3),
    "logins": KnownMeter(3, "count", 0),
}


def read(*events: dict[str, Any]) -> list[Row]:
    return rows(decode(batch(*events)), METERS, NOW)


def problems_of(*events: dict[str, Any]) -> list[Problem]:
    with pytest.raises(BadBatch) as refused:
        read(*events)
    return refused.value.problems


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"meter": "nonsense"}, "meter: unknown"),
        ({"quantity": -1}, "quantity: must not be negative"),
        ({"quantity": "-0.5"}, "quantity: must not be negative"),
        ({"quantity": 0.5}, "quantity: more than 0 decimals"),
        ({"quantity": "1e3"}, "quantity: not a decimal number"),
        ({"quantity": "٣"}, "quantity: not a decimal number"),
        ({"quantity": ""}, "quantity: not a decimal number"),
        ({"quantity": True}, "quantity: not a number"),
        ({"quantity": [1]}, "quantity: not a number"),
        ({"quantity": None}, "quantity: missing"),
        ({"quantity": 10**15 + 1}, "quantity: too large"),
        ({"quantity": 10**40}, "quantity: too large"),
        ({"quantity": 1e300}, "quantity: too large"),
        (
            {"quantity": 1, "meter": "storage_gb", "idempotency_key": "\0"},
            "idempotency_key: must not contain NUL",
        ),
        ({"quantity": "0.0001", "meter": "storage_gb"}, "quantity: more than 3 decimals"),
        ({"quantity": "999999999999999", "meter": "storage_gb"}, "quantity: too large"),
        ({"quantity": 2, "meter": "logins"}, "quantity: this meter counts events; leave it out or send 1"),
        (
            {"occurred_at": (NOW - timedelta(days=36)).isoformat()},
            "occurred_at: must be within the last 35 days",
        ),
        ({"occurred_at": (NOW + timedelta(hours=1)).isoformat()}, "occurred_at: must be in the past"),
        ({"occurred_at": "9999-12-31T23:59:59.999999-14:00"}, "occurred_at: must be in the past"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at: must be within the last 35 days"),
    ],
)
def test_a_wrong_event_refuses_the_whole_batch_and_is_named(wrong: dict[str, Any], reason: str) -> None:
    assert problems_of(event("good"), event("bad") | wrong) == [Problem(1, reason)]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"occurred_at": "2026-11-01T00:00:00"}, "occurred_at"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"idempotency_key": ""}, "idempotency_key"),
        ({"idempotency_key": "k" * 201}, "idempotency_key"),
        ({"idempotency_key": 7}, "idempotency_key"),
        ({"meter": "m" * 41}, "meter"),
        ({"occured_at": "2026-11-01T00:00:00Z"}, "occured_at"),
    ],
)
def test_a_field_of_the_wrong_shape_is_named(wrong: dict[str, Any], named: str) -> None:
    (problem,) = problems_of(event("good"), event("bad") | wrong)
    assert problem.index == 1
    assert named in problem.reason


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"events": 1}',
        b'{"events": [1]}',
        b'{"event": []}',
        b"\xff\xfe",
        b"{" * 5000,
        b'{"events": [' + b"[" * 100_000,
        b'{"events": [{"meter": "api_calls", "idempotency_key": "\\ud800", "quantity": 1}]}',
        b'{"events": [{"meter": "api_calls", "idempotency_key": "k", "quantity": ' + b"9" * 100_000 + b"}]}",
        b'{"events": [{"meter": "api_calls", "idempotency_key": "k", "quantity": 1e999999999}]}',
        b'{"events": [{"meter": "api_calls", "idempotency_key": "k", "quantity": 0.' + b"1" * 5_000 + b"}]}",
        b'{"events": [{"meter": "api_calls", "idempotency_key": "k", "quantity": NaN}]}',
    ],
)
def test_a_body_that_is_no_batch_is_refused(body: bytes) -> None:
    with pytest.raises(BadBatch):
        rows(decode(body), METERS, NOW)


def test_every_wrong_event_is_named() -> None:
    found = problems_of(event("a", -1), event("b"), event("c", meter="nonsense"))
    assert [problem.index for problem in found] == [0, 2]


@pytest.mark.parametrize("age", [timedelta(days=35), timedelta(0), timedelta(minutes=-5)])
def test_thirty_five_days_back_and_five_minutes_ahead_are_taken(age: timedelta) -> None:
    assert read(event("a", at=NOW - age)) == [Row(1, "a", 1, NOW - age)]


@pytest.mark.parametrize("age", [timedelta(days=35, seconds=1), timedelta(minutes=-5, seconds=-1)])
def test_a_second_more_is_refused(age: timedelta) -> None:
    assert len(problems_of(event("a", at=NOW - age))) == 1


def test_the_largest_quantity_is_taken() -> None:
    assert read(event("a", 10**15))[0].q == 10**15
