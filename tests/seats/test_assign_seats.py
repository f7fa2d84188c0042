"""Giving and taking seats: never more than there are, each move in the ledger and the audit trail."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.kit.errors import NotFound
from portal.seats.assign import NoFreeSeat, assign_seat, give_on_acceptance
from portal.seats.limits import seat_limit
from portal.seats.models import SeatLedgerEntry, SeatMove
from portal.seats.queries import holds_seat, seats_assigned, seats_bought
from portal.seats.release import release_seat, remove_member
from portal.subscriptions.models import Subscription
from portal.tenants.models import Membership, Role
from portal.tenants.roles import LastOwner
from portal.web.unit_of_work import unit_of_work
from tests.fixtures.cast import Cast, new_user

GiveSeats = Callable[[int], None]


def ledger() -> list[tuple[str, int, int]]:
    rows = db.session.scalars(
        sa.select(SeatLedgerEntry).where(SeatLedgerEntry.move != SeatMove.BOUGHT).order_by(SeatLedgerEntry.id)
    )
    return [(row.move, row.quantity, row.total) for row in rows]


def test_a_seat_is_given_and_noted(cast: Cast, pro: Subscription) -> None:
    member = cast.membership(cast.member)
    with unit_of_work():
        assign_seat(cast.tenant.id, member.id, cast.owner)
    assert holds_seat(cast.tenant.id, member.id)
    assert ledger() == [("assigned", 1, 1)]
    audited = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "seat.assigned")).one()
    assert audited.details == {"member": "member@northwind.example.com"}


def test_giving_a_seat_twice_is_one_seat(cast: Cast, pro: Subscription) -> None:
    member = cast.membership(cast.member)
    for _ in range(2):
        with unit_of_work():
            assign_seat(cast.tenant.id, member.id, cast.owner)
    assert seats_assigned(cast.tenant.id) == 1
    assert len(ledger()) == 1


def test_no_more_seats_are_given_than_were_bought(
    cast: Cast, pro: Subscription, give_seats: GiveSeats
) -> None:
    give_seats(3)
    with pytest.raises(NoFreeSeat), unit_of_work():
        assign_seat(cast.tenant.id, cast.membership(cast.member).id, cast.owner)
    assert seats_assigned(cast.tenant.id) == 3


def test_a_plan_without_seats_for_sale_includes_some(cast: Cast) -> None:
    assert (seats_bought(cast.tenant.id), seat_limit(cast.tenant.id)) == (0, 1)
    with unit_of_work():
        assign_seat(cast.tenant.id, cast.membership(cast.member).id, cast.owner)
    with pytest.raises(NoFreeSeat), unit_of_work():
        assign_seat(cast.tenant.id, cast.membership(cast.admin).id, cast.owner)


def test_a_released_seat_is_free_again(cast: Cast, pro: Subscription, give_seats: GiveSeats) -> None:
    give_seats(2)
    member = cast.membership(cast.member)
    with unit_of_work():
        assign_seat(cast.tenant.id, member.id, cast.owner)
    with unit_of_work():
        assert release_seat(cast.tenant.id, member.id, cast.owner)
    assert seats_assigned(cast.tenant.id) == 2
    assert ledger()[-1] == ("released", -1, 2)


def test_releasing_no_seat_changes_nothing(cast: Cast, pro: Subscription) -> None:
    with unit_of_work():
        assert not release_seat(cast.tenant.id, cast.membership(cast.member).id, cast.owner)
    assert ledger() == []


def test_a_member_of_another_tenant_is_not_found(cast: Cast, pro: Subscription) -> None:
    foreign = db.session.scalars(
        sa.select(Membership).where(Membership.tenant_id == cast.other_tenant.id)
    ).one()
    with pytest.raises(NotFound), unit_of_work():
        assign_seat(cast.tenant.id, foreign.id, cast.owner)
    with pytest.raises(NotFound), unit_of_work():
        release_seat(cast.tenant.id, foreign.id, cast.owner)


def test_removing_a_member_frees_the_seat(cast: Cast, pro: Subscription) -> None:
    with unit_of_work():
        assign_seat(cast.tenant.id, cast.membership(cast.member).id, cast.owner)
    with unit_of_work():
        remove_member(cast.tenant.id, cast.membership(cast.member), cast.owner)
    assert seats_assigned(cast.tenant.id) == 0
    left = db.session.scalars(sa.select(Membership.user_id).where(Membership.tenant_id == cast.tenant.id))
    assert cast.member.id not in left.all()


def test_the_only_owner_cannot_be_removed(cast: Cast) -> None:
    with pytest.raises(LastOwner), unit_of_work():
        remove_member(cast.tenant.id, cast.membership(cast.owner), cast.admin)
    assert cast.membership(cast.owner).role == Role.OWNER


def test_an_invited_member_gets_a_seat_only_if_one_is_free(
    cast: Cast, pro: Subscription, give_seats: GiveSeats
) -> None:
    give_seats(2)
    first = new_user("First", "first@northwind.example.com", cast.tenant, Role.MEMBER)
    second = new_user("Second", "second@northwind.example.com", cast.tenant, Role.MEMBER)
    with unit_of_work():
        assert give_on_acceptance(cast.membership(first))
    with unit_of_work():
        assert not give_on_acceptance(cast.membership(second))
    assert seats_assigned(cast.tenant.id) == 3


def test_the_page_gives_and_takes_a_seat(cast: Cast, pro: Subscription, admin: FlaskClient) -> None:
    member = cast.membership(cast.member)
    answer = admin.post("/t/northwind-labs/seats/assign", data={"member": member.public_id})
    assert (answer.status_code, answer.location) == (303, "/t/northwind-labs/seats")
    assert "Mia Member now has a seat." in admin.get("/t/northwind-labs/seats").get_data(as_text=True)
    assert holds_seat(cast.tenant.id, member.id)
    admin.post("/t/northwind-labs/seats/release", data={"member": member.public_id})
    assert not holds_seat(cast.tenant.id, member.id)


@pytest.mark.parametrize("action", ["assign", "release"])
def test_the_page_knows_no_member_of_another_tenant(
    cast: Cast, pro: Subscription, owner: FlaskClient, action: str
) -> None:
    foreign = db.session.scalars(
        sa.select(Membership).where(Membership.tenant_id == cast.other_tenant.id)
    ).one()
    for member in (foreign.public_id, "", "nobody", "\0"):
        assert owner.post(f"/t/northwind-labs/seats/{action}", data={"member": member}).status_code == 404
    assert ledger() == []


@pytest.mark.parametrize("action", ["assign", "release"])
def test_a_member_may_not_move_seats(
    cast: Cast, member: FlaskClient, stranger: FlaskClient, action: str
) -> None:
    data = {"member": cast.membership(cast.member).public_id}
    assert member.post(f"/t/northwind-labs/seats/{action}", data=data).status_code == 403
    assert stranger.post(f"/t/northwind-labs/seats/{action}", data=data).status_code == 404
