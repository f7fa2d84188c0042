"""The API for usage: who may send, what is answered, what a total says."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.api_keys.models import ApiKey
from portal.extensions import db
from portal.kit.clock import utcnow
from portal.usage.models import Meter, UsageEvent
from tests.fixtures.cast import Cast
from tests.fixtures.outage import Outage
from tests.fixtures.usage import batch, event

EVENTS = "/api/v1/usage/events"
USAGE = "/api/v1/usage"
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)
Meters = Callable[[str], Meter]
Send = Callable[..., TestResponse]


@pytest.fixture
def send(client: FlaskClient, api_key: str) -> Send:
    """Post a batch with a valid key."""

    def post(
        *events: dict[str, Any], body: bytes | None = None, authorization: str | None = None
    ) -> TestResponse:
        return client.post(
            EVENTS,
            data=batch(*events) if body is None else body,
            headers={"Authorization": authorization if authorization is not None else f"Bearer {api_key}"},
        )

    return post


def stored() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(UsageEvent)) or 0


def test_a_batch_is_accepted_and_sent_again_is_all_duplicates(cast: Cast, meters: Meters, send: Send) -> None:
    first = send(event("a"), event("b"))
    again = send(event("a"), event("b"))
    assert (first.status_code, first.get_json()) == (200, {"accepted": 2, "duplicates": 0})
    assert (again.status_code, again.get_json()) == (200, {"accepted": 0, "duplicates": 2})


def test_the_events_belong_to_the_tenant_of_the_key(cast: Cast, meters: Meters, send: Send) -> None:
    send(event("a"))
    assert db.session.scalars(sa.select(UsageEvent.tenant_id)).all() == [cast.tenant.id]


@pytest.mark.csrf
def test_a_program_needs_no_form_token(cast: Cast, meters: Meters, send: Send) -> None:
    assert send(event("a")).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer pk_nobody_nothing",
        "Basic cGs6",
        "Bearer \u00fc",
        "Bearer " + "k" * 5000,
    ],
)
def test_without_a_valid_key_nothing_is_stored(
    cast: Cast, meters: Meters, send: Send, authorization: str
) -> None:
    answer = send(event("a"), authorization=authorization)
    assert answer.status_code == 401
    assert answer.get_json()["error"]["code"] == "invalid_api_key"
    assert stored() == 0


def test_a_revoked_key_is_refused(cast: Cast, meters: Meters, send: Send) -> None:
    db.session.execute(sa.update(ApiKey).values(revoked_at=utcnow()))
    db.session.commit()
    assert send(event("a")).status_code == 401
    assert stored() == 0


def test_each_wrong_event_is_named_and_nothing_stored(cast: Cast, meters: Meters, send: Send) -> None:
    answer = send(event("a"), event("b", -1), event("c", meter="nonsense"))
    assert answer.status_code == 422
    error = answer.get_json()["error"]
    assert error["code"] == "invalid_usage"
    assert error["events"] == [
        {"index": 1, "reason": "quantity: must not be negative"},
        {"index": 2, "reason": "meter: unknown"},
    ]
    assert stored() == 0


def test_what_is_no_json_is_refused_as_a_whole(cast: Cast, meters: Meters, send: Send) -> None:
    answer = send(body=b"{")
    assert answer.status_code == 422
    assert answer.get_json()["error"]["events"][0]["index"] is None


def test_a_megabyte_is_the_most(cast: Cast, meters: Meters, send: Send) -> None:
    answer = send(body=b'{"events": []}' + b" " * 1_000_000)
    assert answer.status_code == 413
    assert answer.get_json()["error"]["code"] == "request_entity_too_large"


def test_usage_is_taken_while_stripe_is_away(
    cast: Cast, meters: Meters, send: Send, stripe_outage: Outage
) -> None:
    with stripe_outage():
        assert send(event("a")).status_code == 200


def test_totals_of_this_period_are_answered_per_meter(
    cast: Cast, meters: Meters, send: Send, client: FlaskClient, api_key: str
) -> None:
    send(event("a", 2), event("b", 3), event("c", "0.25", meter="storage_gb"))
    answer = client.get(USAGE, headers={"Authorization": f"Bearer {api_key}"}).get_json()
    found = {each["meter"]: (each["quantity"], each["events"]) for each in answer["meters"]}
    used = {key: figures for key, figures in found.items() if figures[1]}
    assert used == {"api_calls": ("5", 2), "storage_gb": ("0.25", 1)}
    assert set(found) == {*used, "emails", "logins", "agents"}
    assert datetime.fromisoformat(answer["from"]) <= utcnow() < datetime.fromisoformat(answer["to"])


def test_a_total_counts_the_hours_asked_for(
    cast: Cast, meters: Meters, send: Send, client: FlaskClient, api_key: str
) -> None:
    for key, hours in (("a", 0), ("b", 1), ("c", 2)):
        send(event(key, 10**hours, at=NOON + timedelta(hours=hours)))
    asked = {
        "meter": "api_calls",
        "from": (NOON + timedelta(hours=1)).isoformat(),
        "to": (NOON + timedelta(hours=2)).isoformat(),
    }
    answer = client.get(USAGE, query_string=asked, headers={"Authorization": f"Bearer {api_key}"}).get_json()
    assert answer["meters"] == [{"meter": "api_calls", "quantity": "10", "events": 1}]


def test_the_total_of_a_last_meter_is_its_newest_value(
    cast: Cast, meters: Meters, send: Send, client: FlaskClient, api_key: str
) -> None:
    send(event("a", 9, meter="agents", at=NOON), event("b", 4, meter="agents", at=NOON + timedelta(hours=3)))
    asked = {
        "meter": "agents",
        "from": NOON.date().isoformat(),
        "to": (NOON + timedelta(days=1)).date().isoformat(),
    }
    answer = client.get(USAGE, query_string=asked, headers={"Authorization": f"Bearer {api_key}"}).get_json()
    assert answer["meters"] == [{"meter": "agents", "quantity": "4", "events": 2}]


@pytest.mark.parametrize(
    "asked",
    [
        {"meter": "nonsense"},
        {"meter": "\0"},
        {"from": "yesterday"},
        {"from": "2026-11-01T00:00:00"},
        {"from": "2026-11-01T00:30:00Z"},
        {"from": "2026-11-02", "to": "2026-11-01"},
        {"from": "2020-01-01", "to": "2026-11-01"},
        {"from": "0001-01-01T00:00:00+14:00"},
        {"to": "9999-12-31T23:00:00-14:00"},
        {"form": "2026-11-01"},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    cast: Cast, meters: Meters, client: FlaskClient, api_key: str, asked: dict[str, str]
) -> None:
    answer = client.get(USAGE, query_string=asked, headers={"Authorization": f"Bearer {api_key}"})
    assert answer.status_code == 422
    assert answer.get_json()["error"]["code"] == "invalid_query"


def test_the_totals_of_another_tenant_stay_unknown(
    cast: Cast, meters: Meters, send: Send, client: FlaskClient, api_key: str
) -> None:
    send(event("a", 7))
    db.session.execute(sa.update(ApiKey).values(tenant_id=cast.other_tenant.id))
    db.session.commit()
    answer = client.get(USAGE, headers={"Authorization": f"Bearer {api_key}"}).get_json()
    assert {each["quantity"] for each in answer["meters"]} == {"0"}


@pytest.mark.parametrize("path", [USAGE, "/api/v1/entitlements"])
def test_questions_need_a_key_too(cast: Cast, client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 401
    assert answer.mimetype == "application/json"


def test_an_answer_is_json_even_for_an_address_that_does_not_exist(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert json.loads(answer.get_data())["error"]["code"] == "not_found"
