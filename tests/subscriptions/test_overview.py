"""The overview: what it shows to whom, from local rows alone, in few statements."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from portal.emulator.app import Emulator
from portal.extensions import db
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe

OVERVIEW = "/t/northwind-labs/overview"


def test_the_free_plan_is_shown_with_a_way_to_choose_another(owner: FlaskClient) -> None:
    page = owner.get(OVERVIEW).text
    assert "You are on the free plan" in page
    assert 'href="/t/northwind-labs/plans"' in page
    assert "Cancel the plan" not in page


def test_a_hybrid_plan_is_shown_with_all_it_is_made_of(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "enterprise", seats=8)
    page = owner.get(OVERVIEW).text
    for text in ("Enterprise", "$199.00", "5 seats included, 3 seats at $12.00", "$235.00", "API calls"):
        assert text in page
    assert "Visa ending 4242" in page
    assert "Next invoice" in page


def test_a_member_sees_the_plan_but_nothing_about_paying(
    member: FlaskClient, cast: Cast, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "pro", seats=3)
    page = member.get(OVERVIEW).text
    assert "Pro" in page
    for text in ("Next invoice", "Visa", "Cancel the plan", "Payment method"):
        assert text not in page


def test_a_stranger_is_not_told_that_the_tenant_exists(stranger: FlaskClient) -> None:
    assert stranger.get(OVERVIEW).status_code == 404


def test_somebody_signed_out_is_sent_to_sign_in(client: FlaskClient, cast: Cast) -> None:
    response = client.get(OVERVIEW)
    assert response.status_code == 303
    assert response.location.startswith("/sign-in")


def test_a_trial_is_shown_with_its_end(owner: FlaskClient, cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "starter", trial_days=14)
    page = owner.get(OVERVIEW).text
    assert "Free trial" in page
    assert "Your free trial ends on" in page


@pytest.mark.parametrize("plan", ["free", "enterprise"])
def test_it_takes_at_most_nine_statements(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe, plan: str
) -> None:
    if plan != "free":
        subscribe(cast.tenant, plan, seats=8)
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            statements.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    owner.get(OVERVIEW)
    sa.event.remove(db.engine, "before_cursor_execute", note)
    assert len(statements) <= 9, "\n".join(statements)


def test_it_does_not_ask_stripe(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(cast.tenant, "pro")

    def unplugged(*_args: object) -> object:
        raise AssertionError("the page asked Stripe")

    monkeypatch.setattr(emulator, "handle", unplugged)
    assert owner.get(OVERVIEW).status_code == 200
