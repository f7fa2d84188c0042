"""Requests that Stripe did not send, or that make no sense although they are signed: refused, nothing stored, and
never a crash."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from portal.extensions import db
from portal.gateway.signature import MAX_BODY
from portal.jobs.models import Job
from portal.kit.clock import to_unix, utcnow
from tests.fixtures.webhooks import Inbox, Stripe, event, signed

BODY = json.dumps(event()).encode()
GOOD = signed(BODY)["Stripe-Signature"]
NOW = to_unix(utcnow())
V1 = GOOD.split("v1=")[1].split(",")[0]

UNSIGNED: dict[str, str | None] = {
    "no signature": None,
    "an empty signature": "",
    "noise": "this is not a signature",
    "no time": f"v1={V1}",
    "no scheme": f"t={NOW}",
    "an unknown scheme only": f"t={NOW},v0={V1}",
    "an empty digest": f"t={NOW},v1=",
    "another digest": f"t={NOW},v1={'0' * 64}",
    "another secret": signed(BODY, secret="whsec_of_somebody_else")["Stripe-Signature"],
    "an empty secret": signed(BODY, secret="")["Stripe-Signature"],
    "an hour old": signed(BODY, at=NOW - 3600)["Stripe-Signature"],
    "an hour ahead": signed(BODY, at=NOW + 3600)["Stripe-Signature"],
    "a time of 5,000 digits": f"t={'9' * 5000},v1={V1}",
    "a time of 5,000 digits, shortened": f"t={'9' * 1500},v1={V1}",
    "a negative time": f"t=-1,v1={V1}",
    "a time with a fraction": f"t={NOW}.5,v1={V1}",
    "a time in other digits": f"t=\u0661\u0662,v1={V1}",
    "a digest that is not ASCII": f"t={NOW},v1=\u00e9{V1[1:]}",
    "a digest with a NUL": f"t={NOW},v1={V1}%00",
    "a header of 3 kB": GOOD + ",v1=" + "a" * 3000,
    "only commas": "," * 50,
    "only equals signs": "=" * 50,
    "a digest cut short": f"t={NOW},v1={V1[:-1]}",
    "the time changed after signing": GOOD.replace(f"t={NOW}", f"t={NOW - 1}") + "x",
}

STRANGE: dict[str, bytes] = {
    "nothing": b"",
    "a blank": b" ",
    "not JSON": b"<xml/>",
    "cut short": BODY[:-5],
    "a list": b"[]",
    "a list of events": b"[" + BODY + b"]",
    "a number": b"42",
    "a text": b'"evt_1"',
    "null": b"null",
    "true": b"true",
    "an empty object": b"{}",
    "not UTF-8": b'{"id": "\xff\xfe"}',
    "UTF-16": json.dumps(event()).encode("utf-16"),
    "deep nesting": b"[" * 100_000 + b"]" * 100_000,
    "deep nesting in an event": json.dumps(event())[:-1].encode()
    + b', "x": '
    + b"[" * 50_000
    + b"]" * 50_000
    + b"}",
    "a number of 6,000 digits": b'{"id": ' + b"9" * 6000 + b"}",
    "an infinite time": json.dumps(event()).replace(str(event()["created"]), "1e400").encode(),
    "a time of NaN": json.dumps(event(created=float("nan"))).encode(),
    "a time in the year 3 million": json.dumps(event(created=10**14)).encode(),
    "a negative time beyond the calendar": json.dumps(event(created=-(10**14))).encode(),
    "a time that is a text": json.dumps(event(created="soon")).encode(),
}
WRONG: dict[str, dict[str, Any]] = {
    "no id": {"id": None},
    "an id that is a number": {"id": 7},
    "an empty id": {"id": ""},
    "an id of 300 characters": {"id": "evt_" + "x" * 300},
    "an id with a NUL": {"id": "evt_\0"},
    "an id that is not ASCII": {"id": "evt_\u00e9"},
    "an id with a lone surrogate": {"id": "evt_\ud800"},
    "no type": {"type": None},
    "a type that is a list": {"type": ["customer.updated"]},
    "a type with a NUL": {"type": "customer.updated\0"},
    "no data": {"data": None},
    "data that is a list": {"data": []},
    "data without an object": {"data": {}},
    "an object that is a text": {"data": {"object": "cus_1"}},
    "an object that is a list": {"data": {"object": []}},
}
ODD: dict[str, dict[str, Any]] = {
    "a customer that is a number": {"data": {"object": {"object": "invoice", "customer": 5}}},
    "a customer that is a list": {"data": {"object": {"object": "invoice", "customer": ["cus_1"]}}},
    "an expanded customer": {"data": {"object": {"object": "invoice", "customer": {"id": "cus_1"}}}},
    "an expanded customer without id": {"data": {"object": {"object": "invoice", "customer": {}}}},
    "a customer with a NUL": {"data": {"object": {"object": "invoice", "customer": "cus_\0"}}},
    "a customer with a lone surrogate": {"data": {"object": {"object": "invoice", "customer": "cus_\ud800"}}},
    "a customer of 300 characters": {"data": {"object": {"object": "invoice", "customer": "c" * 300}}},
    "a NUL deep inside": {"data": {"object": {"object": "customer", "id": "cus_1", "name": "a\0b"}}},
    "a lone surrogate deep inside": {
        "data": {"object": {"object": "customer", "id": "cus_1", "name": "\ud800"}}
    },
    "a number of 400 digits": {"data": {"object": {"object": "customer", "id": "cus_1", "balance": 10**400}}},
    "an API version that is a number": {"api_version": 20261028},
    "an API version of 300 characters": {"api_version": "2" * 300},
    "an API version with a NUL": {"api_version": "2026\0"},
    "livemode that is a text": {"livemode": "false"},
    "an object of no kind": {"data": {"object": {}}},
    "a time before 1970": {"created": -5},
    "a time with a fraction": {"created": 1764000000.5},
    "an unknown type": {"type": "something.new"},
}


@pytest.mark.parametrize("header", UNSIGNED.values(), ids=UNSIGNED.keys())
def test_what_stripe_did_not_sign_is_refused(
    stripe_account: Stripe, inbox: Inbox, header: str | None
) -> None:
    headers = {} if header is None else {"Stripe-Signature": header}

    assert stripe_account.send(BODY, headers) == 400
    assert inbox() == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Job)) == 0


@pytest.mark.parametrize("body", STRANGE.values(), ids=STRANGE.keys())
def test_signed_nonsense_is_refused(stripe_account: Stripe, inbox: Inbox, body: bytes) -> None:
    assert stripe_account.send(body, signed(body)) == 400
    assert inbox() == []


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG.keys())
def test_a_signed_event_without_what_makes_it_one_is_refused(
    stripe_account: Stripe, inbox: Inbox, changes: dict[str, Any]
) -> None:
    assert stripe_account.send_event(**changes) == 400
    assert inbox() == []


@pytest.mark.parametrize("changes", ODD.values(), ids=ODD.keys())
def test_a_signed_event_with_odd_contents_is_stored(
    stripe_account: Stripe, inbox: Inbox, changes: dict[str, Any]
) -> None:
    assert stripe_account.send_event(**changes) == 200
    assert len(inbox()) == 1


def test_a_body_that_was_written_anew_is_refused(stripe_account: Stripe, inbox: Inbox) -> None:
    rewritten = json.dumps(json.loads(BODY), separators=(",", ":")).encode()

    assert stripe_account.send(rewritten, signed(BODY)) == 400
    assert inbox() == []


def test_a_body_above_one_megabyte_is_not_read(stripe_account: Stripe, inbox: Inbox) -> None:
    body = json.dumps(event(padding="x" * MAX_BODY)).encode()

    assert stripe_account.send(body, signed(body)) == 413
    assert inbox() == []


def test_an_event_signed_by_either_secret_of_a_roll_is_taken(
    stripe_account: Stripe, inbox: Inbox, two_webhook_secrets: tuple[str, str]
) -> None:
    for number, secret in enumerate(two_webhook_secrets):
        body = json.dumps(event(number)).encode()
        assert stripe_account.send(body, signed(body, secret=secret)) == 200

    assert len(inbox()) == 2


def test_form_encoded_bodies_are_verified_as_bytes_too(stripe_account: Stripe, inbox: Inbox) -> None:
    headers = signed(BODY) | {"Content-Type": "application/x-www-form-urlencoded"}

    assert stripe_account.send(BODY, headers) == 200
    assert len(inbox()) == 1


@pytest.mark.parametrize(("minutes", "status"), [(-6, 400), (-4, 200), (0, 200), (4, 200), (6, 400)])
def test_the_clocks_may_differ_by_five_minutes(
    stripe_account: Stripe, inbox: Inbox, minutes: int, status: int
) -> None:
    at = to_unix(utcnow()) + minutes * 60

    assert stripe_account.send(BODY, signed(BODY, at=at)) == status
    assert len(inbox()) == (1 if status == 200 else 0)
