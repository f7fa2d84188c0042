"""A renewal night: many webhooks at once while workers sync; nothing is refused, lost or fetched more than needed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
import sqlalchemy as sa

from portal.customers.models import Customer
from portal.extensions import db
from portal.jobs.models import Job, JobState
from portal.jobs.worker import Worker
from portal.web.unit_of_work import Portal
from tests.fixtures.cast import Cast, new_tenant
from tests.fixtures.jobs import DrainJobs, Schedules
from tests.fixtures.webhooks import ADDRESS, Inbox, Stripe, event_body, signed

pytestmark = pytest.mark.chaos
EVENTS, TENANTS, SEED = 600, 6, 11


def test_a_renewal_night(
    app: Portal,
    cast: Cast,
    stripe_account: Stripe,
    inbox: Inbox,
    drain_jobs: DrainJobs,
    schedules: Schedules,
) -> None:
    dice = Random(SEED)
    for number in range(TENANTS - 2):
        new_tenant(f"Tenant {number}", f"tenant-{number}", email=f"t{number}@example.com")
    customers = list(db.session.scalars(sa.select(Customer).order_by(Customer.id)))
    db.session.commit()
    bodies = [event_body(number, customer=dice.choice(customers)) for number in range(EVENTS)]
    bodies += dice.sample(bodies, EVENTS // 10)
    dice.shuffle(bodies)
    for customer in customers:
        stripe_account.rename(customer, f"Renamed {customer.id}")

    def deliver(body: bytes) -> int:
        return app.test_client().post(ADDRESS, data=body, headers=signed(body)).status_code

    worker = Worker(app, threads={"stripe": 3}, poll_seconds=0.02)
    worker.start()
    try:
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(deliver, bodies))
    finally:
        assert worker.stop()
    drain_jobs(["stripe"])

    assert set(answers) == {200}
    assert len(inbox()) == EVENTS
    assert db.session.scalar(sa.select(sa.func.count()).where(Job.state == JobState.DEAD)) == 0
    names = set(db.session.scalars(sa.select(Customer.name)))
    assert names == {f"Renamed {customer.id}" for customer in customers}
    assert stripe_account.calls("GET", "/v1/subscriptions") < EVENTS / 4
