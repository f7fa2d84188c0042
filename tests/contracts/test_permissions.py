"""Who may open what: every endpoint is asked by every kind of visitor, and the answers must be those of the table in
permissions.txt. A new endpoint needs a row there."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from portal.web.unit_of_work import Portal
from tests.contracts.addresses import target_of
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe

TABLE = Path(__file__).with_name("permissions.txt")
VISITORS = ("nobody", "stranger", "member", "admin", "owner")
# What only a tenant with a paid plan can be asked.
ABOUT_A_PLAN = (
    "subscriptions.cancel",
    "subscriptions.resume",
    "subscriptions.pause",
    "subscriptions.checkout",
    "seats.",
    "customers.",
)
Row = tuple[str, str]


def table() -> dict[Row, tuple[str, ...]]:
    """Read the table: the answers expected of an endpoint and method, in the order of VISITORS."""
    lines = [line.split() for line in TABLE.read_text(encoding="utf-8").splitlines()]
    rows = [words for words in lines if words and not words[0].startswith("#")]
    assert all(len(words) == 2 + len(VISITORS) for words in rows)
    found = {(words[0], words[1]): tuple(words[2:]) for words in rows}
    assert len(found) == len(rows), "a row stands twice"
    return found


def answer_in_words(response: TestResponse, endpoint: str) -> str:
    """Say what an answer means to the visitor who got it."""
    status = response.status_code
    if status in (302, 303) and endpoint != "accounts.sign_in":
        target = urlsplit(response.headers["Location"]).path
        return "sign-in" if target == "/sign-in" else "in"
    return str(status) if status in (400, 401, 403, 404, 405) or status >= 500 else "in"


def test_every_endpoint_has_a_row_and_every_row_an_endpoint(portal_app: Portal) -> None:
    known = {
        (rule.endpoint, method)
        for rule in portal_app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert sorted(known - set(table())) == []
    assert sorted(set(table()) - known) == []


@pytest.mark.parametrize("row", sorted(table()), ids=" ".join)
def test_an_endpoint_answers_each_visitor_as_the_table_says(
    row: Row, subscribe: Subscribe, cast: Cast
) -> None:
    endpoint, method = row
    subscribe(cast.tenant, "pro")
    people = {"stranger": cast.stranger, "member": cast.member, "admin": cast.admin, "owner": cast.owner}
    got = []
    for visitor in VISITORS:
        target = target_of(cast, endpoint)
        browser = cast.client(people[visitor]) if visitor in people else cast.app.test_client()
        answer = browser.open(target.address, method=method, data=target.form if method == "POST" else None)
        got.append(answer_in_words(answer, endpoint))
    assert dict(zip(VISITORS, got, strict=True)) == dict(zip(VISITORS, table()[row], strict=True))


def test_a_row_that_says_something_else_is_noticed(cast: Cast) -> None:
    refused = cast.client(cast.stranger).get("/t/northwind-labs/team")
    assert answer_in_words(refused, "team.show") != "in"
    assert answer_in_words(cast.app.test_client().get("/t/northwind-labs/team"), "team.show") == "sign-in"
