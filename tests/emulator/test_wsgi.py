"""The emulator as a WSGI app, without a server."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from werkzeug.test import Client

from portal.emulator.app import Emulator
from portal.emulator.faults import Fault
from portal.emulator.wsgi import Web

KEY = {"Authorization": "Bearer sk_test_1"}


@pytest.fixture
def web(emulator: Emulator) -> Client:
    return Client(Web(emulator))


def test_the_api_answers_with_its_headers(web: Client) -> None:
    answer = web.post("/v1/customers", data="email=ada%40example.com", headers=KEY)
    assert (answer.status_code, answer.json and answer.json["email"]) == (200, "ada@example.com")
    assert answer.headers["Request-Id"].startswith("req_")
    assert answer.headers["Stripe-Version"] == "2026-10-28.endive"


def test_parameters_of_reads_and_deletions_stand_in_the_query(web: Client) -> None:
    web.post("/v1/products", data="name=Pro&id=pro", headers=KEY)
    assert web.get("/v1/products?limit=x", headers=KEY).status_code == 400
    listed = web.get("/v1/products?limit=1", headers=KEY).json
    assert listed is not None
    assert [product["id"] for product in listed["data"]] == ["pro"]
    deleted = web.delete("/v1/products/pro?colour=red", headers=KEY)
    assert deleted.status_code == 400


def test_an_escaped_path_is_understood(web: Client) -> None:
    web.post("/v1/products", data="name=Pro&id=a.b-c_d", headers=KEY)
    assert web.get("/v1/products/a%2Eb-c_d", headers=KEY).status_code == 200


def test_it_says_that_it_is_well(web: Client) -> None:
    assert web.get("/healthz").json == {"status": "ok"}


def test_only_this_machine_may_control_it(web: Client) -> None:
    near, far = {"REMOTE_ADDR": "127.0.0.1"}, {"REMOTE_ADDR": "192.0.2.7"}
    assert web.get("/_emulator/state", environ_overrides=near).status_code == 200
    assert web.get("/_emulator/state", environ_overrides=far).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://localhost"}, 200),
        ({"Host": "127.0.0.1:12111", "Origin": "http://127.0.0.1:12111"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://example.com"}, 403),
        ({"Origin": "http://localhost:8000"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "rebound.example.com", "Origin": "http://rebound.example.com"}, 403),
        ({"Host": "localhost.example.com:12111"}, 403),
    ],
    ids=str,
)
def test_no_page_of_another_site_may_control_it(web: Client, headers: dict[str, str], status: int) -> None:
    here = {"REMOTE_ADDR": "127.0.0.1"}
    assert web.post("/_emulator/reset", environ_overrides=here, headers=headers).status_code == status
    console = web.post("/console/reset", environ_overrides=here, headers=headers).status_code
    assert (console == 403) == (status == 403)


def test_a_defect_is_a_500_and_is_logged(
    emulator: Emulator, web: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(emulator, "handle", broken)
    with caplog.at_level(logging.ERROR):
        answer = web.get("/v1/customers", headers=KEY)
    assert (answer.status_code, "ZeroDivisionError" in caplog.text) == (500, True)


def test_a_defect_of_a_page_is_a_page(
    emulator: Emulator, web: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(emulator, "let_time_pass", broken)
    with caplog.at_level(logging.ERROR):
        answer = web.get("/c/pay/cs_test_1")
    assert (answer.status_code, "Something went wrong" in answer.text) == (500, True)


def test_without_a_socket_to_cut_no_answer_is_a_504(emulator: Emulator, web: Client) -> None:
    emulator.faults.add(Fault("cut_after", method="POST"))
    assert web.post("/v1/customers", headers=KEY).status_code == 504
    listed = web.get("/v1/customers", headers=KEY).json
    assert listed is not None
    assert len(listed["data"]) == 1


def test_a_body_that_is_too_large_is_refused(web: Client) -> None:
    assert web.post("/v1/customers", data=b"x" * (33 * 1024 * 1024), headers=KEY).status_code == 413
