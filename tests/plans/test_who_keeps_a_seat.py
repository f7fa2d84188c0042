"""A plan with fewer seats than are held: an admin chooses who keeps one, and it happens when the plan comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.seats.assign import assign_seat
from portal.seats.queries import seat_holders
from portal.subscriptions.change import SeatsToChoose, who_loses
from portal.tenants.models import Membership, Role, Tenant
from portal.web.unit_of_work import unit_of_work
from tests.fixtures.cast import new_user
from tests.fixtures.catalog import Subscribe
from tests.fixtures.time import Timed

PLANS = "/t/adventure/plans"
Give = Callable[[int], list[str]]


@pytest.fixture
def give(timed: Timed) -> Give:
    """Let so many new members of Adventure Works hold a seat, one after another; return their public ids."""

    def assign(tenant: Tenant, number: int) -> str:
        user = new_user(f"Holder {number}", f"holder{number}@adventure.example.com", tenant, Role.MEMBER)
        with unit_of_work():
            member = db.session.scalars(sa.select(Membership).where(Membership.user_id == user.id)).one()
            assign_seat(tenant.id, member.id, db.session.get_one(User, user.id))
            return member.public_id

    start = iter(range(100))
    return lambda count: [assign(timed.tenant, next(start)) for _ in range(count)]


def holding(timed: Timed) -> list[str]:
    db.session.expire_all()
    found = [each.public_id for each in seat_holders(timed.tenant.id)]
    db.session.commit()
    return found


def quote_address(payer: FlaskClient) -> str:
    asked = payer.post(PLANS, data={"plan": "starter", "interval": "month", "seats": 1})
    assert asked.status_code == 303, asked.text
    return asked.location


def test_the_page_lists_who_holds_a_seat_and_ticks_as_many_as_fit(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe, give: Give
) -> None:
    subscribe(timed.tenant, "pro", seats=5)
    give(5)
    page = payer.get(quote_address(payer)).text
    assert page.count('name="keep"') == 5
    assert page.count(" checked") == 3
    assert "2 members will lose a seat, because there will be 3 seats and 5 are held now." in page


def test_who_was_not_chosen_loses_the_seat_when_the_plan_comes_and_not_before(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe, give: Give
) -> None:
    ends = subscribe(timed.tenant, "pro", seats=5).current_period_end_at
    members = give(5)
    assert payer.post(quote_address(payer), data={"keep": [members[0], members[4]]}).status_code == 303
    assert holding(timed) == members
    assert (
        "Holder 1, Holder 2, Holder 3 lose their seats on that day."
        in payer.get("/t/adventure/overview").text
    )
    timed.advance_to(ends + timedelta(hours=2))
    timed.sync()
    assert holding(timed) == [members[0], members[4]]
    released = db.session.scalars(
        sa.select(AuditEntry.actor).where(AuditEntry.action == "seat.released")
    ).all()
    assert released == ["worker"] * 3


def test_whoever_takes_a_seat_in_between_gives_way_first(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe, give: Give
) -> None:
    ends = subscribe(timed.tenant, "pro", seats=5).current_period_end_at
    members = give(3)
    payer.post(quote_address(payer))
    give(2)
    timed.advance_to(ends + timedelta(hours=2))
    timed.sync()
    assert holding(timed) == members


def test_a_change_that_comes_at_once_takes_the_seats_at_once(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe, give: Give
) -> None:
    subscribe(timed.tenant, "pro", seats=5, trial_days=14)
    members = give(4)
    payer.post(quote_address(payer), data={"keep": members[2:]})
    assert holding(timed) == members[2:]


def test_fewer_seats_of_the_same_plan_by_the_other_interval(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe, give: Give
) -> None:
    ends = subscribe(timed.tenant, "pro", "year", seats=5).current_period_end_at
    members = give(4)
    asked = payer.post(PLANS, data={"plan": "pro", "interval": "month", "seats": 3})
    payer.post(asked.location, data={"keep": members[1:]})
    timed.advance_to(ends + timedelta(hours=2))
    timed.sync()
    assert holding(timed) == members[1:]


def test_the_choice_can_be_made_again_while_the_change_is_planned(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe, give: Give
) -> None:
    ends = subscribe(timed.tenant, "pro", seats=5).current_period_end_at
    members = give(4)
    payer.post(quote_address(payer), data={"keep": members[:3]})
    assert "Choose again who keeps a seat" in payer.get("/t/adventure/overview").text
    payer.post(quote_address(payer), data={"keep": members[1:]})
    timed.advance_to(ends + timedelta(hours=2))
    timed.sync()
    assert holding(timed) == members[1:]


def test_too_many_chosen_is_refused_beside_the_list(
    payer: FlaskClient, timed: Timed, subscribe: Subscribe, give: Give
) -> None:
    subscribe(timed.tenant, "pro", seats=5)
    members = give(4)
    refused = payer.post(quote_address(payer), data={"keep": members})
    assert refused.status_code == 422
    assert "Starter has 3 seats. Please choose one to 3 members who keep a seat." in refused.text
    assert refused.text.count(" checked") == 4


@pytest.mark.parametrize(
    ("capacity", "keep", "loses"),
    [
        (3, [], []),
        (2, ["a", "c"], ["b"]),
        (2, ["c"], ["a", "b"]),
        (1, ["b", "somebody else"], ["a", "c"]),
    ],
)
def test_who_was_not_chosen_loses_a_seat(capacity: int, keep: list[str], loses: list[str]) -> None:
    assert who_loses("Starter", capacity, ["a", "b", "c"], keep) == loses


@pytest.mark.parametrize("keep", [[], ["a", "b"], ["somebody else"]])
def test_none_or_too_many_chosen_is_no_choice(keep: list[str]) -> None:
    with pytest.raises(SeatsToChoose):
        who_loses("Starter", 1, ["a", "b", "c"], keep)
