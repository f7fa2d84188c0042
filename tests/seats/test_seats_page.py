"""The seats page: what owners and admins see, and what a member sees of it."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from flask.testing import FlaskClient

from portal.extensions import db
from portal.seats.assign import assign_seat
from portal.subscriptions.models import Subscription, SubscriptionItem
from portal.web.unit_of_work import unit_of_work
from tests.fixtures.cast import Cast
from tests.fixtures.outage import Outage

PATH = "/t/northwind-labs/seats"
GiveSeats = Callable[[int], None]


def text_of(browser: FlaskClient, path: str = PATH) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return " ".join(answer.get_data(as_text=True).split())


def test_bought_assigned_and_free_seats_are_shown(
    cast: Cast, pro: Subscription, owner: FlaskClient, give_seats: GiveSeats
) -> None:
    give_seats(2)
    page = text_of(owner)
    for label, value in (("Seats bought", 3), ("Assigned", 2), ("Free", 1)):
        assert f'<dt>{label}</dt><dd class="stat-value">{value}</dd>' in page
    assert "holder1@northwind.example.com" in page


def test_without_a_free_seat_none_can_be_given(
    cast: Cast, pro: Subscription, owner: FlaskClient, give_seats: GiveSeats
) -> None:
    give_seats(3)
    page = text_of(owner)
    assert "No free seat" in page
    assert f'action="{PATH}/assign"' not in page


def test_a_plan_without_seats_for_sale_points_to_the_plans(cast: Cast, owner: FlaskClient) -> None:
    page = text_of(owner)
    assert "Your plan includes 1 seat." in page
    assert "Number of seats" not in page


def test_seats_that_went_away_at_stripe_must_be_released(
    cast: Cast, pro: Subscription, owner: FlaskClient, give_seats: GiveSeats
) -> None:
    give_seats(3)
    db.session.execute(sa.update(SubscriptionItem).values(quantity=1))
    db.session.commit()
    assert "2 seats must be released" in text_of(owner)


def test_a_member_sees_their_own_seat_and_nobody_elses(
    cast: Cast, pro: Subscription, member: FlaskClient
) -> None:
    assert "You have no seat" in text_of(member)
    with unit_of_work():
        assign_seat(cast.tenant.id, cast.membership(cast.member).id, cast.owner)
    page = text_of(member)
    assert "You have a seat" in page
    assert "owner@northwind.example.com" not in page


def test_a_stranger_finds_nothing(cast: Cast, stranger: FlaskClient) -> None:
    assert stranger.get(PATH).status_code == 404


def test_the_page_answers_without_stripe(
    cast: Cast, pro: Subscription, owner: FlaskClient, stripe_outage: Outage
) -> None:
    with stripe_outage():
        assert "Seats bought" in text_of(owner)
