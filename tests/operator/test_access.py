"""The console is for staff, whatever they belong to; and being staff opens no tenant's page."""

from __future__ import annotations

from flask.testing import FlaskClient

from portal.extensions import db
from tests.contracts.addresses import target_of
from tests.contracts.test_permissions import table
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe


def test_staff_open_every_page_of_the_console(
    operator: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "pro")
    pages = [name for name, method in table() if name.startswith("operator.") and method == "GET"]
    answers = {name: operator.get(target_of(cast, name).address).status_code for name in pages}
    assert set(answers.values()) == {200}
    assert len(answers) >= 5


def test_no_address_of_a_tenant_opens_for_staff(operator: FlaskClient, cast: Cast) -> None:
    asked = 0
    for rule in cast.app.url_map.iter_rules():
        if "slug" in rule.arguments:
            values = dict.fromkeys(rule.arguments, "a" * 16) | {"slug": cast.tenant.slug}
            address = str(cast.app.url_map.bind("127.0.0.1:8000").build(rule.endpoint, values))
            for method in (rule.methods or set()) & {"GET", "POST"}:
                assert (rule.rule, operator.open(address, method=method).status_code) == (rule.rule, 404)
                asked += 1
    assert asked > 30


def test_staff_without_a_tenant_start_at_the_console(operator: FlaskClient) -> None:
    assert operator.get("/").headers["Location"] == "/operator"


def test_a_member_who_is_staff_too_starts_at_the_tenant_and_finds_the_way_to_the_console(
    owner: FlaskClient, cast: Cast
) -> None:
    cast.owner.is_staff = True
    assert owner.get("/").headers["Location"] == "/t/northwind-labs/overview"
    assert 'href="/operator"' in owner.get("/t/northwind-labs/team").text
    assert owner.get("/operator").status_code == 200


def test_nobody_else_is_shown_the_way(owner: FlaskClient) -> None:
    assert "/operator" not in owner.get("/t/northwind-labs/team").text


def test_what_was_taken_back_is_closed_at_the_next_request(operator: FlaskClient, cast: Cast) -> None:
    assert operator.get("/operator").status_code == 200
    db.session.execute(db.text('UPDATE "user" SET is_staff = :no'), {"no": False})
    assert operator.get("/operator").status_code == 404
