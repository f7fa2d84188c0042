"""Who sees and who may choose a plan: by its visibility, for somebody who has nothing to do with it, who was invited to
it, or who is on it; on the page, at Checkout, in a quote and at its confirmation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient

from portal.audit.models import AuditEntry
from portal.cli.__main__ import run
from portal.cli.parser import parser
from portal.extensions import db
from portal.intents.models import Intent
from portal.plans.catalog import Plan, current_catalog
from portal.plans.choosable import Standing, is_shown, may_choose
from portal.plans.invitations import NotByInvitation, grant, invitations_of, revoke
from portal.subscriptions.checkout import PlanNotForSale
from portal.subscriptions.models import Quote
from portal.sync.seats import quote_seats
from portal.web.unit_of_work import Portal
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.plans.changing import PLANS, address, ask, quoted

CHECKOUT = "/t/northwind-labs/checkout"
NOBODY, INVITED, ON_IT = Standing("free"), Standing("free", frozenset({"secret"})), Standing("secret")
TABLE: dict[str, tuple[str, str, str]] = {
    # what it is worth to: nobody, invited, on it. `shown` includes that it may be chosen; `asked`: shown if asked for.
    "public": ("shown", "shown", "shown"),
    "hidden": ("asked", "asked", "shown"),
    "invitation": ("no", "shown", "shown"),
    "legacy": ("no", "no", "shown"),
}
SeenAs = Callable[..., None]


@pytest.fixture
def seen_as(app: Portal) -> Iterator[SeenAs]:
    """Give plans of the catalogue another visibility, until the end of the test."""
    before = current_catalog()

    def change(**visibilities: Any) -> None:
        plans = {
            key: msgspec.structs.replace(plan, visibility=visibilities.get(key, plan.visibility))
            for key, plan in before.plans.items()
        }
        app.extensions["catalog"] = msgspec.structs.replace(before, plans=plans)

    yield change
    app.extensions["catalog"] = before


@pytest.mark.parametrize("visibility", TABLE)
def test_each_cell_of_the_table(visibility: Any) -> None:
    plan = Plan(key="secret", name="Secret", visibility=visibility)
    for standing, word in zip((NOBODY, INVITED, ON_IT), TABLE[visibility], strict=True):
        assert may_choose(plan, standing) is (word != "no")
        assert is_shown(plan, standing, asked=None) is (word == "shown")
        assert is_shown(plan, standing, asked="secret") is (word != "no")


@pytest.mark.parametrize("visibility", TABLE)
def test_page_and_checkout_agree_with_the_table(
    owner: FlaskClient, cast: Cast, seen_as: SeenAs, stripe_client: stripe.StripeClient, visibility: str
) -> None:
    seen_as(pro=visibility)
    for word in TABLE[visibility][:2]:
        assert ("Choose Pro" in owner.get(PLANS).text) is (word == "shown")
        assert ("Choose Pro" in owner.get(f"{PLANS}?plan=pro").text) is (word != "no")
        answer = owner.post(CHECKOUT, data={"plan": "pro", "interval": "month", "seats": "3"})
        assert answer.status_code == (422 if word == "no" else 303)
        if word == "no":
            assert PlanNotForSale.public_message in answer.text, "the words for a plan that does not exist"
            assert stripe_client.v1.checkout.sessions.list().data == []
        if visibility == "invitation":
            grant(cast.tenant.id, "pro", by=None)
            db.session.commit()


@pytest.mark.parametrize("visibility", TABLE)
def test_quotes_agree_with_the_table(
    owner: FlaskClient, cast: Cast, seen_as: SeenAs, subscribe: Subscribe, visibility: str
) -> None:
    subscribe(cast.tenant, "pro", seats=5)
    seen_as(enterprise=visibility)
    for word in TABLE[visibility][:2]:
        answer = ask(owner, "enterprise")
        assert answer.status_code == (422 if word == "no" else 303)
        if word == "no":
            assert PlanNotForSale.public_message in answer.text
            assert db.session.scalars(sa.select(Quote)).all() == []
        if visibility == "invitation":
            grant(cast.tenant.id, "enterprise", by=None)
            db.session.commit()
    seen_as(pro=visibility)
    assert ask(owner, "pro", "year").status_code == 303, "whoever is on a plan may pay it by the year"
    assert "Your plan</span>" in owner.get(PLANS).text
    db.session.commit()
    assert quote_seats(cast.tenant.id, 7, cast.owner.id).change["seats"] == 7


def test_a_hidden_plan_stays_on_the_page_when_its_form_is_refused(
    owner: FlaskClient, seen_as: SeenAs
) -> None:
    seen_as(pro="hidden")
    answer = owner.post(CHECKOUT, data={"plan": "pro", "interval": "month", "seats": "0"})
    assert (answer.status_code, "Choose Pro" in answer.text) == (422, True)


def test_an_invitation_taken_back_before_the_confirmation_is_no_longer_worth_anything(
    owner: FlaskClient, cast: Cast, seen_as: SeenAs, subscribe: Subscribe
) -> None:
    subscribe(cast.tenant, "pro", seats=5)
    seen_as(enterprise="invitation")
    grant(cast.tenant.id, "enterprise", by=None)
    db.session.commit()
    quote = quoted(owner, "enterprise")
    assert revoke(cast.tenant.id, "enterprise", by=None)
    db.session.commit()
    page = owner.post(address(quote), follow_redirects=True).text
    assert PlanNotForSale.public_message in page
    assert db.session.scalars(sa.select(Intent)).all() == []


def test_an_invitation_opens_a_plan_to_one_tenant_only(
    stranger: FlaskClient, cast: Cast, seen_as: SeenAs
) -> None:
    seen_as(pro="invitation")
    grant(cast.tenant.id, "pro", by=None)
    db.session.commit()
    assert "Choose Pro" not in stranger.get("/t/contoso/plans?plan=pro").text


def test_an_invitation_is_written_down_once_with_who_gave_it(cast: Cast, seen_as: SeenAs) -> None:
    seen_as(pro="invitation")
    assert [grant(cast.tenant.id, "pro", by=cast.stranger) for _ in range(2)] == [True, False]
    assert [each.granted_by for each in invitations_of(cast.tenant.id)] == [cast.stranger.email]
    assert [revoke(cast.tenant.id, "pro", by=None) for _ in range(2)] == [True, False]
    actions = db.session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["plan_invitation.granted", "plan_invitation.revoked"]


@pytest.mark.parametrize("plan", ["pro", "unknown"])
def test_a_plan_that_needs_no_invitation_cannot_be_opened(cast: Cast, plan: str) -> None:
    with pytest.raises(NotByInvitation):
        grant(cast.tenant.id, plan, by=None)


def test_the_command_opens_and_closes_a_plan_for_a_tenant_by_its_address(
    cast: Cast, seen_as: SeenAs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen_as(pro="invitation")
    # The command would read settings and open a database of its own.
    monkeypatch.setattr("portal.cli.tenants.create_app", lambda: cast.app)
    db.session.commit()
    for words, status in (
        ("grant nobody pro", 1),
        ("grant northwind-labs pro", 0),
        ("revoke northwind-labs pro", 0),
    ):
        arguments = parser().parse_args(["plan-invitation", *words.split()])
        assert run(arguments) == status
    said = capsys.readouterr()
    assert "there is no tenant 'nobody'" in said.err
    assert said.out.splitlines() == [
        "the plan is open to the tenant now",
        "the plan is closed to the tenant now",
    ]
