"""The demo tenant: an enterprise subscription begun 76 days ago on a test clock, with members, two paid renewals and
usage up to now. Everything goes through the portal's own verbs and Stripe's API; only the clock is moved."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import sleep
from typing import TYPE_CHECKING

import sqlalchemy as sa

from portal.accounts.create import create_user
from portal.accounts.models import User
from portal.accounts.passwords import hash_password
from portal.accounts.staff import grant_staff
from portal.customers.begin import begin_customer
from portal.customers.ensure import ensure_customer
from portal.customers.models import Customer
from portal.demo import history, people
from portal.extensions import db
from portal.gateway import current_gateway
from portal.kit import clock
from portal.kit.clock import to_unix, utcnow
from portal.plans.catalog import current_catalog
from portal.plans.prices import prices_on_sale
from portal.seats.assign import assign_seat
from portal.subscriptions.queries import current_subscription
from portal.sync.customer import sync_customer
from portal.sync.details import sync_details
from portal.sync.usage import report_usage
from portal.tenants.found import found_tenant
from portal.tenants.invite import invite
from portal.tenants.models import Membership, Role, Tenant
from portal.usage.ingest import ingest
from portal.web.unit_of_work import unit_of_work

if TYPE_CHECKING:
    from stripe.params import SubscriptionCreateParamsItem

AGE = timedelta(days=76)
SEATS = 14


class _Time:
    """The moment the seeding has reached; `utcnow` reads it while the history is made."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def read(self) -> datetime:
        return self.now


def seed() -> str:
    """Add the demo tenant if it is not there; return the lines that tell who can sign in."""
    with unit_of_work():
        found = db.session.scalar(sa.select(Tenant.id).where(Tenant.slug == people.SLUG))
    if found is None:
        today = utcnow()
        time = _Time(today - AGE)
        with clock.running_on(time.read):
            _make_history(time, today)
    rows = (
        ("owner", people.OWNER),
        ("admin", people.ADMIN),
        ("member", people.MEMBER),
        ("operator, at /operator", people.OPERATOR),
    )
    lines = [f"sign in as {email}  ({role})" for role, (_, email) in rows]
    return "\n".join([*lines, f"password: {people.PASSWORD}"])


def _make_history(time: _Time, today: datetime) -> None:
    test_clock = str(
        current_gateway()
        .call(
            "demo.test_clock",
            lambda client: client.v1.test_helpers.test_clocks.create(
                {"frozen_time": to_unix(time.now), "name": f"{people.TENANT} (demo)"}
            ),
        )
        .id
    )
    with unit_of_work():
        tenant, owner = _found(test_clock)
    customer = ensure_customer(tenant.id)
    _subscribe(customer)
    sync_customer(customer.id, trigger="change")
    _colleagues(tenant, owner)
    _operator()
    while time.now < today:
        _live_until_renewal(time, today, tenant, customer, test_clock)
    with unit_of_work():
        mine = db.session.scalars(
            sa.select(Membership).where(Membership.tenant_id == tenant.id, Membership.user_id == owner.id)
        ).one()
        invite(mine, email=people.INVITED, role=Role.MEMBER, with_seat=True)
    sync_customer(customer.id, trigger="change")
    sync_details(customer.id)


def _found(test_clock: str) -> tuple[Tenant, User]:
    name, email = people.OWNER
    owner = create_user(email=email, name=name, password_hash=hash_password(people.PASSWORD))
    tenant = found_tenant(people.TENANT, owner)
    begin_customer(tenant, test_clock=test_clock)
    return tenant, owner


def _subscribe(customer: Customer) -> None:
    """Start the enterprise plan by month with a test card, as a finished Checkout would."""
    assert customer.stripe_id is not None
    stripe_id = customer.stripe_id
    plan = current_catalog().plans["enterprise"]
    with unit_of_work():
        prices = prices_on_sale(plan, "month", current_catalog().default_currency)
    items: list[SubscriptionCreateParamsItem] = [
        {"price": price.stripe_id}
        if "meter" in name
        else {"price": price.stripe_id, "quantity": _quantity(name)}
        for name, price in prices.items()
    ]
    gateway = current_gateway()
    card = str(
        gateway.call(
            "demo.card",
            lambda client: client.v1.payment_methods.attach("pm_card_visa", {"customer": stripe_id}),
        ).id
    )
    gateway.call(
        "demo.default_card",
        lambda client: client.v1.customers.update(
            stripe_id, {"invoice_settings": {"default_payment_method": card}}
        ),
    )
    gateway.call(
        "demo.subscribe",
        lambda client: client.v1.subscriptions.create({"customer": stripe_id, "items": items}),
    )


def _quantity(component: str) -> int:
    return SEATS if component == "seat" else 1


def _colleagues(tenant: Tenant, owner: User) -> None:
    """Add the colleagues and give most of them a seat."""
    unused = hash_password(people.PASSWORD)
    with unit_of_work():
        for name, email in (people.ADMIN, people.MEMBER, *people.COLLEAGUES):
            user = create_user(email=email, name=name, password_hash=unused)
            role = Role.ADMIN if email == people.ADMIN[1] else Role.MEMBER
            db.session.add(Membership(tenant_id=tenant.id, user_id=user.id, role=role))
        db.session.flush()  # the seats below need the memberships' ids
        memberships = db.session.scalars(sa.select(Membership).where(Membership.tenant_id == tenant.id)).all()
        for membership in memberships[:-2]:
            assign_seat(tenant.id, membership.id, owner)


def _operator() -> None:
    """Add somebody who belongs to no tenant and looks after all of them."""
    name, email = people.OPERATOR
    hashed = hash_password(people.PASSWORD)
    with unit_of_work():
        create_user(email=email, name=name, password_hash=hashed)
        grant_staff(email)


def _live_until_renewal(
    time: _Time, today: datetime, tenant: Tenant, customer: Customer, test_clock: str
) -> None:
    """Use the product until the period ends or today is reached, report it, and let Stripe renew."""
    with unit_of_work():
        subscription = current_subscription(tenant.id)
    assert subscription is not None
    end = min(subscription.next_invoice_at, today)
    begun, time.now = time.now, end
    for body in history.batches(begun, end, seed=begun.toordinal()):
        ingest(tenant.id, body)
    if end == today:
        _advance(test_clock, today)
        report_usage(include_open=True)
    else:
        _advance(test_clock, end - timedelta(seconds=1))
        report_usage(include_open=True)
        # The renewal's draft is finalised and charged an hour after the period's end.
        time.now = end + timedelta(hours=2)
        _advance(test_clock, time.now)
    sync_customer(customer.id, trigger="change")


def _advance(test_clock: str, to: datetime) -> None:
    gateway = current_gateway()
    moment = to_unix(to)
    at = gateway.call("demo.clock", lambda client: client.v1.test_helpers.test_clocks.retrieve(test_clock))
    if at.frozen_time >= moment:
        return
    gateway.call(
        "demo.advance",
        lambda client: client.v1.test_helpers.test_clocks.advance(test_clock, {"frozen_time": moment}),
    )
    while True:
        found = gateway.call(
            "demo.clock", lambda client: client.v1.test_helpers.test_clocks.retrieve(test_clock)
        )
        if found.status == "ready":
            return
        sleep(0.3)
