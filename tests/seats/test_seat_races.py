"""Many people giving seats in the same moment: never more are held than were bought."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from portal.extensions import db
from portal.seats.assign import NoFreeSeat, assign_seat
from portal.seats.queries import seats_assigned
from portal.seats.release import release_seat
from portal.subscriptions.models import Subscription
from portal.tenants.models import Role
from portal.web.unit_of_work import Portal, unit_of_work
from tests.fixtures.cast import Cast, new_user

THREADS = 6


def members_of(cast: Cast, count: int) -> list[int]:
    users = [
        new_user(f"Racer {number}", f"racer{number}@northwind.example.com", cast.tenant, Role.MEMBER)
        for number in range(count)
    ]
    return [cast.membership(user).id for user in users]


def test_of_six_people_who_want_three_seats_at_once_three_get_one(
    app: Portal, cast: Cast, pro: Subscription
) -> None:
    tenant_id, owner, together = cast.tenant.id, cast.owner, Barrier(THREADS)
    members = members_of(cast, THREADS)
    db.session.commit()

    def try_one(membership_id: int) -> bool:
        with app.app_context():
            together.wait(timeout=10)
            try:
                with unit_of_work():
                    assign_seat(tenant_id, membership_id, owner)
            except NoFreeSeat:
                return False
            return True

    with ThreadPoolExecutor(THREADS) as pool:
        given = list(pool.map(try_one, members))
    assert sum(given) == 3
    assert seats_assigned(tenant_id) == 3


def test_one_member_given_a_seat_from_six_sides_holds_one(app: Portal, cast: Cast, pro: Subscription) -> None:
    tenant_id, owner, together = cast.tenant.id, cast.owner, Barrier(THREADS)
    (member,) = members_of(cast, 1)
    db.session.commit()

    def give(_number: int) -> None:
        with app.app_context():
            together.wait(timeout=10)
            with unit_of_work():
                assign_seat(tenant_id, member, owner)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(give, range(THREADS)))
    assert seats_assigned(tenant_id) == 1


def test_a_seat_released_from_six_sides_is_released_once(app: Portal, cast: Cast, pro: Subscription) -> None:
    tenant_id, owner, together = cast.tenant.id, cast.owner, Barrier(THREADS)
    (member,) = members_of(cast, 1)
    with unit_of_work():
        assign_seat(tenant_id, member, owner)

    def take(_number: int) -> bool:
        with app.app_context():
            together.wait(timeout=10)
            with unit_of_work():
                return release_seat(tenant_id, member, owner)

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(take, range(THREADS))) == 1
    assert seats_assigned(tenant_id) == 0
