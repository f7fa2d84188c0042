"""Forms of other sites are refused."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from portal.accounts.models import User
from portal.extensions import db

FORM = {
    "name": "Nora New",
    "organisation": "Fabrikam",
    "email": "nora@fabrikam.example.com",
    "password": "four unrelated words",
}


@pytest.mark.csrf
@pytest.mark.parametrize("path", ["/sign-up", "/sign-in", "/sign-out", "/reset", "/account/name"])
def test_a_post_without_the_token_is_refused(owner: FlaskClient, path: str) -> None:
    answer = owner.post(path, data={"name": "Mallory"})
    assert answer.status_code == 409
    assert "reload the page" in answer.text


@pytest.mark.csrf
def test_the_token_of_another_browser_is_refused(client: FlaskClient) -> None:
    other = client.application.test_client()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', other.get("/sign-up").text)
    assert token
    client.get("/sign-up")
    assert client.post("/sign-up", data={**FORM, "csrf_token": token[1]}).status_code == 409


@pytest.mark.csrf
def test_a_form_with_its_token_is_taken(client: FlaskClient) -> None:
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/sign-up").text)
    assert token
    client.post("/sign-up", data={**FORM, "csrf_token": token[1]})
    assert db.session.query(User).count() == 1
