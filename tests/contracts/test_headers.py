"""Every answer carries the security headers. The tests' browsers check it on whatever they get, so here stand only the
statuses that few tests meet, and the policy itself."""

from __future__ import annotations

import re

import pytest
from flask import abort
from flask.testing import FlaskClient

from portal.web.unit_of_work import Portal
from tests.fixtures.pages import HEADERS, check_headers

STATUSES = (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("prefix", ["/t/x", "/api/v1"])
def test_a_refusal_has_the_headers_and_a_body(status: int, prefix: str, portal_app: Portal) -> None:
    with portal_app.test_request_context(f"{prefix}/refused"):
        answer = portal_app.make_response(portal_app.handle_user_exception(_refusal(status)))
        answer = portal_app.process_response(answer)
    assert answer.status_code == status
    assert answer.get_data()
    check_headers(answer)


def _refusal(status: int) -> Exception:
    try:
        abort(status)
    except Exception as error:
        return error


def test_the_content_security_policy_allows_nothing_inline(client: FlaskClient) -> None:
    policy = client.get("/sign-in").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; script-src 'nonce-")


def test_each_answer_has_a_nonce_of_its_own(client: FlaskClient) -> None:
    policies = {client.get("/sign-in").headers["Content-Security-Policy"] for _ in range(3)}
    assert len(policies) == 3


def test_files_may_be_kept_and_pages_may_not(client: FlaskClient) -> None:
    page = client.get("/sign-in")
    kept = re.findall(r"/static/[^\"]+\?v=\w+", page.get_data(as_text=True))
    assert page.headers["Cache-Control"] == "no-store"
    assert {client.get(file).headers["Cache-Control"] for file in kept} == {
        "public, max-age=31536000, immutable"
    }


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_an_answer_without_a_header_is_noticed(name: str, client: FlaskClient) -> None:
    answer = client.get("/sign-in")
    del answer.headers[name]
    with pytest.raises(AssertionError, match=name):
        check_headers(answer)
