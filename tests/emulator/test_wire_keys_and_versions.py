"""Which keys and which API versions are answered."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from portal.emulator.app import Emulator
from tests.emulator.raw import Raw


@pytest.mark.parametrize("key", ["sk_test_1", "rk_test_1", "sk_test_51AbC_9"])
def test_test_keys_are_accepted(emulator: Emulator, key: str) -> None:
    assert Raw(emulator, key).get("/v1/customers")[0] == 200


def test_a_key_may_come_as_a_basic_user_name(emulator: Emulator) -> None:
    basic = base64.b64encode(b"sk_test_1:").decode()
    assert emulator.handle("GET", "/v1/account", "", b"", {"authorization": f"Basic {basic}"}).status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer ",
        "Bearer sk_live_1",
        "Bearer rk_live_1",
        "Bearer pk_test_1",
        "Bearer x",
        "Basic !!",
        "Digest x",
    ],
)
def test_other_keys_are_refused(emulator: Emulator, authorization: str) -> None:
    answer = emulator.handle("GET", "/v1/customers", "", b"", {"Authorization": authorization})
    assert answer.status == 401


def test_a_live_key_is_refused_by_name(emulator: Emulator) -> None:
    _, body = Raw(emulator, "sk_live_1").get("/v1/customers")
    assert "refuses live keys" in body["error"]["message"]


@pytest.mark.parametrize("version", ["2026-10-28.endive", "2027-01-01.endive"])
def test_our_version_and_later_ones_are_answered_in_ours(emulator: Emulator, version: str) -> None:
    headers = {"Authorization": "Bearer sk_test_1", "Stripe-Version": version}
    answer = emulator.handle("GET", "/v1/customers", "", b"", headers)
    assert (answer.status, answer.headers["Stripe-Version"]) == (200, "2026-10-28.endive")


@pytest.mark.parametrize("version", ["2020-08-27", "2026-09-30.endive", "latest", ""])
def test_older_and_unknown_versions_are_refused(emulator: Emulator, version: str) -> None:
    status, body = Raw(emulator).get("/v1/customers", Stripe_Version=version)
    assert (status, body["error"]["type"]) == (400, "invalid_request_error")


def test_every_answer_has_its_own_request_id(emulator: Emulator) -> None:
    headers = {"Authorization": "Bearer sk_test_1"}
    answers = [emulator.handle("GET", path, "", b"", headers) for path in ("/v1/customers", "/v1/nothing")]
    assert len({answer.headers["Request-Id"] for answer in answers}) == 2


def test_request_ids_go_on_when_a_store_is_opened_again(tmp_path: Path) -> None:
    path = str(tmp_path / "emulator.db")
    headers = {"Authorization": "Bearer sk_test_1"}
    opened = [Emulator(path), Emulator(path)]
    answers = [emulator.handle("GET", "/v1/customers", "", b"", headers) for emulator in opened]
    assert len({answer.headers["Request-Id"] for answer in answers}) == 2
