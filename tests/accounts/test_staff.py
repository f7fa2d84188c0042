"""`portal operator`: the command line says who may use the operator's console."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from portal.accounts.models import User
from portal.accounts.queries import user_by_email
from portal.accounts.staff import NotAnAddress, grant_staff, revoke_staff
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.kit.errors import NotFound
from portal.tenants.models import Membership
from portal.web.unit_of_work import Portal, unit_of_work
from tests.fixtures.cast import Cast
from tests.fixtures.told import Told


def test_a_person_with_an_account_becomes_an_operator_and_stays_where_they_belong(
    cast: Cast, told: Told
) -> None:
    db.session.commit()
    with unit_of_work():
        assert (
            grant_staff(" Owner@Northwind.example.com ") == "owner@northwind.example.com is an operator now"
        )
    assert cast.owner.is_staff
    assert cast.membership(cast.owner).role == "owner"
    assert (told.audit(), told.mails()) == (["operator.granted"], [])


def test_a_second_grant_changes_nothing(cast: Cast, told: Told) -> None:
    for _ in range(2):
        with unit_of_work():
            said = grant_staff("owner@northwind.example.com")
    assert said == "owner@northwind.example.com is an operator already"
    assert told.audit() == ["operator.granted"]


def test_somebody_new_gets_an_account_without_a_tenant_and_a_link_to_choose_a_password(
    app: Portal, told: Told
) -> None:
    with unit_of_work():
        grant_staff("ops@example.com")
    user = user_by_email("ops@example.com")
    assert user is not None
    assert user.is_staff
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Membership)) == 0
    assert told.mails() == ["reset"]


def test_a_revoked_operator_keeps_the_account(cast: Cast, told: Told) -> None:
    for verb in (grant_staff, revoke_staff):
        with unit_of_work():
            verb("owner@northwind.example.com")
    assert not cast.owner.is_staff
    assert told.audit() == ["operator.granted", "operator.revoked"]


def test_who_is_no_operator_cannot_be_revoked(cast: Cast) -> None:
    with pytest.raises(NotFound, match="is not an operator"), unit_of_work():
        revoke_staff("owner@northwind.example.com")


def test_what_is_no_address_is_refused(app: Portal) -> None:
    with pytest.raises(NotAnAddress), unit_of_work():
        grant_staff("ops")


def test_the_audit_trail_names_the_command_line(cast: Cast) -> None:
    with unit_of_work():
        grant_staff("owner@northwind.example.com")
    entry = db.session.scalars(sa.select(AuditEntry)).one()
    assert (entry.actor, entry.object_id) == ("command line", cast.owner.public_id)


def test_nobody_is_staff_by_signing_up(cast: Cast) -> None:
    assert db.session.scalars(sa.select(User).where(User.is_staff)).all() == []
