"""What a request may look like beside its parameters: where these stand, for which account, and in which shape."""

from __future__ import annotations

import pytest

from portal.emulator.app import Emulator
from tests.emulator.raw import Raw

KEY = {"Authorization": "Bearer sk_test_1"}


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    ("query", "body"), [("colour=red", b""), ("", b"colour=red"), ("a=1", b"colour=red")]
)
def test_parameters_count_wherever_they_stand(
    emulator: Emulator, method: str, query: str, body: bytes
) -> None:
    path = "/v1/customers" if method != "DELETE" else "/v1/coupons/x"
    emulator.handle("POST", "/v1/coupons", "", b"id=x&duration=once&percent_off=5", KEY)
    answer = emulator.handle(method, path, query, body, KEY)
    assert (answer.status, b"unknown parameter" in answer.body) == (400, True)


def test_the_same_key_with_another_query_is_another_request(emulator: Emulator) -> None:
    headers = {**KEY, "Idempotency-Key": "k"}
    assert emulator.handle("POST", "/v1/customers", "name=Ada", b"", headers).status == 200
    assert emulator.handle("POST", "/v1/customers", "name=Eve", b"", headers).status == 400


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/x-www-form-urlencoded", 200),
        ("Application/X-WWW-Form-URLencoded; charset=utf-8", 200),
        ("application/json", 400),
        ("multipart/form-data; boundary=x", 400),
    ],
)
def test_a_body_is_a_form(emulator: Emulator, kind: str, status: int) -> None:
    answer = emulator.handle("POST", "/v1/customers", "", b"name=Ada", {**KEY, "Content-Type": kind})
    assert (answer.status, b"content type" in answer.body) == (status, status == 400)


@pytest.mark.parametrize("header", ["Stripe_Account", "Stripe_Context"])
def test_there_is_one_account_only(emulator: Emulator, header: str) -> None:
    raw = Raw(emulator)
    own = raw.get("/v1/account")[1]["id"]
    assert raw.get("/v1/customers", **{header: own})[0] == 200
    status, answer = raw.get("/v1/customers", **{header: "acct_other"})
    assert (status, answer["error"]["code"]) == (403, "account_invalid")


def test_a_slash_at_the_end_changes_nothing(emulator: Emulator) -> None:
    assert Raw(emulator).get("/v1/customers/")[1]["url"] == "/v1/customers"
