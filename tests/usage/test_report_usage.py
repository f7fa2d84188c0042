"""Telling Stripe what was used: every closed hour once, whatever breaks in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
import stripe
from flask.testing import FlaskClient

from portal.customers.models import Customer
from portal.extensions import db
from portal.gateway import current_gateway
from portal.gateway.errors import GatewayUnavailable
from portal.gateway.usage import meter_summaries, send_meter_event
from portal.invoices.models import UpcomingInvoice
from portal.jobs.queue import enqueue
from portal.kit.clock import running_on, utcnow
from portal.subscriptions.models import Subscription
from portal.sync.usage import Reported, compare_usage, report_tenant, report_usage
from portal.usage import report
from portal.usage.compare import Difference
from portal.usage.ingest import ingest
from portal.usage.models import Meter, UsageHour, UsageReport
from portal.web.unit_of_work import unit_of_work
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.outage import Outage
from tests.fixtures.usage import batch, event

HOUR = timedelta(hours=1)
CLOSED = utcnow().replace(minute=0, second=0, microsecond=0) - 5 * HOUR


@pytest.fixture
def metered(cast: Cast, subscribe: Subscribe) -> Subscription:
    """The cast's tenant has paid by use for ten days, as far as the portal knows."""
    subscription = subscribe(cast.tenant, "enterprise", seats=5)
    subscription.created_at = CLOSED - timedelta(days=10)
    db.session.commit()
    return subscription


@pytest.fixture
def open_hour() -> Iterator[datetime]:
    """The hour that is not over, and stays so: the portal's clock stands still."""
    now = utcnow()
    with running_on(lambda: now):
        yield now.replace(minute=0, second=0, microsecond=0)


def send(cast: Cast, key: str, quantity: object, at: datetime, *, meter: str = "api_calls") -> None:
    ingest(cast.tenant.id, batch(event(key, quantity, meter=meter, at=at)))


def counted(
    cast: Cast, start: datetime, end: datetime, *, meter: str = "api_calls"
) -> dict[datetime, Decimal]:
    customer = db.session.scalars(
        sa.select(Customer.stripe_id).where(Customer.tenant_id == cast.tenant.id)
    ).one()
    meter_id = db.session.scalars(sa.select(Meter.stripe_id).where(Meter.key == meter)).one()
    db.session.commit()
    assert customer is not None
    assert meter_id is not None
    summaries = meter_summaries(current_gateway(), meter_id, customer=customer, start=start, end=end)
    return {each.hour_at: each.value for each in summaries}


def states() -> list[str]:
    found = list(db.session.scalars(sa.select(UsageReport.state).order_by(UsageReport.id)))
    db.session.commit()
    return found


def test_a_closed_hour_is_counted_by_stripe_in_that_hour(cast: Cast, metered: Subscription) -> None:
    send(cast, "a", 5, CLOSED + timedelta(minutes=59))
    send(cast, "b", 7, CLOSED + HOUR)
    assert report_usage() == Reported(sent=2, refused=0)
    assert counted(cast, CLOSED, CLOSED + 2 * HOUR) == {CLOSED: 5, CLOSED + HOUR: 7}


def test_decimals_reach_stripe_as_units(cast: Cast, metered: Subscription) -> None:
    send(cast, "a", "1.25", CLOSED, meter="storage_gb")
    report_usage()
    assert counted(cast, CLOSED, CLOSED + HOUR, meter="storage_gb") == {CLOSED: Decimal("1.25")}


def test_a_second_run_has_nothing_to_tell(cast: Cast, metered: Subscription) -> None:
    send(cast, "a", 5, CLOSED)
    report_usage()
    assert report_usage() == Reported(0, 0)
    assert counted(cast, CLOSED, CLOSED + HOUR) == {CLOSED: 5}


def test_what_comes_late_is_told_as_the_difference(cast: Cast, metered: Subscription) -> None:
    send(cast, "a", 5, CLOSED)
    report_usage()
    send(cast, "b", 2, CLOSED)
    assert report_usage() == Reported(1, 0)
    assert counted(cast, CLOSED, CLOSED + HOUR) == {CLOSED: 7}
    identifiers = db.session.scalars(sa.select(UsageReport.identifier).order_by(UsageReport.id)).all()
    stem = f"u-{cast.tenant.public_id}-api_calls-{CLOSED:%Y%m%dT%H%M%S}"
    assert identifiers == [f"{stem}-1", f"{stem}-2"]


def test_the_open_hour_waits_unless_it_is_asked_for(
    cast: Cast, metered: Subscription, open_hour: datetime
) -> None:
    send(cast, "a", 5, open_hour)
    assert report_usage() == Reported(0, 0)
    assert report_usage(include_open=True) == Reported(1, 0)
    send(cast, "b", 1, open_hour)
    assert report_usage(include_open=True) == Reported(1, 0)
    assert counted(cast, open_hour, open_hour + HOUR) == {open_hour: 6}


def test_use_before_the_subscription_began_is_not_billed(cast: Cast, metered: Subscription) -> None:
    metered.created_at = CLOSED + timedelta(minutes=1)
    db.session.commit()
    send(cast, "a", 5, CLOSED)
    assert report_usage() == Reported(0, 0)


def test_use_that_the_plan_does_not_bill_is_not_told(cast: Cast, subscribe: Subscribe) -> None:
    subscribe(cast.tenant, "pro").created_at = CLOSED - timedelta(days=10)
    db.session.commit()
    send(cast, "a", 5, CLOSED)
    assert report_usage() == Reported(0, 0)
    assert states() == []


def test_use_of_a_subscription_that_just_ended_is_still_told_up_to_its_end(
    cast: Cast, metered: Subscription
) -> None:
    metered.status, metered.ended_at = "canceled", CLOSED + HOUR
    db.session.commit()
    send(cast, "a", 5, CLOSED)
    send(cast, "b", 7, CLOSED + 2 * HOUR)
    assert report_usage() == Reported(1, 0)
    assert counted(cast, CLOSED, CLOSED + 3 * HOUR) == {CLOSED: 5}


def test_a_crash_before_sending_is_made_up_for(
    cast: Cast, metered: Subscription, stripe_outage: Outage
) -> None:
    send(cast, "a", 5, CLOSED)
    with stripe_outage(), pytest.raises(GatewayUnavailable):
        report_usage()
    assert states() == ["open"]
    assert report_usage() == Reported(1, 0)
    assert counted(cast, CLOSED, CLOSED + HOUR) == {CLOSED: 5}


def test_a_crash_after_sending_counts_once(cast: Cast, metered: Subscription) -> None:
    send(cast, "a", 5, CLOSED)
    with unit_of_work():
        report.write_reports(cast.tenant.id)
        (waiting,) = report.reports_to_send(cast.tenant.id)
    send_meter_event(
        current_gateway(),
        event_name=waiting.event_name,
        customer=waiting.customer_stripe_id,
        value=waiting.value,
        identifier=waiting.identifier,
        at=waiting.at,
    )
    assert report_usage() == Reported(1, 0)
    assert counted(cast, CLOSED, CLOSED + HOUR) == {CLOSED: 5}
    assert db.session.scalars(sa.select(UsageHour.reported_quantity)).one() == 5


def test_use_that_comes_while_a_report_is_under_way_is_told_next(cast: Cast, metered: Subscription) -> None:
    send(cast, "a", 5, CLOSED)
    with unit_of_work():
        report.write_reports(cast.tenant.id)
    send(cast, "b", 2, CLOSED)
    assert report_usage() == Reported(1, 0)
    assert report_usage() == Reported(1, 0)
    assert counted(cast, CLOSED, CLOSED + HOUR) == {CLOSED: 7}


@pytest.mark.parametrize("was_counted", [True, False])
def test_an_old_report_of_unknown_outcome_is_looked_up_before_it_is_sent(
    cast: Cast, metered: Subscription, was_counted: bool
) -> None:
    send(cast, "a", 5, CLOSED)
    with unit_of_work():
        report.write_reports(cast.tenant.id)
        (waiting,) = report.reports_to_send(cast.tenant.id)
        db.session.execute(sa.update(UsageReport).values(created_at=utcnow() - timedelta(hours=30)))
    if was_counted:
        # Under another identifier, because the emulator would still know this one as Stripe would not.
        send_meter_event(
            current_gateway(),
            event_name=waiting.event_name,
            customer=waiting.customer_stripe_id,
            value=waiting.value,
            identifier="forgotten",
            at=waiting.at,
        )
    assert report_usage() == Reported(1, 0)
    assert counted(cast, CLOSED, CLOSED + HOUR) == {CLOSED: 5}


def test_settling_twice_changes_once(cast: Cast, metered: Subscription) -> None:
    send(cast, "a", 5, CLOSED)
    with unit_of_work():
        report.write_reports(cast.tenant.id)
        (waiting,) = report.reports_to_send(cast.tenant.id)
    for _ in range(2):
        with unit_of_work():
            report.settle_sent(waiting.report_id)
    assert db.session.scalars(sa.select(UsageHour.reported_quantity)).one() == 5


def test_what_stripe_refuses_is_kept_with_its_reason_and_not_sent_again_and_again(
    cast: Cast, metered: Subscription, stripe_client: stripe.StripeClient
) -> None:
    send(cast, "a", 5, CLOSED)
    meter = db.session.scalars(sa.select(Meter.stripe_id).where(Meter.key == "api_calls")).one()
    db.session.commit()
    assert meter is not None
    stripe_client.v1.billing.meters.deactivate(meter)
    assert report_usage() == Reported(sent=0, refused=1)
    assert report_usage() == Reported(0, 0)
    refused = db.session.scalars(sa.select(UsageReport)).one()
    assert refused.state == "refused"
    assert "No active meter" in (refused.error or "")
    stripe_client.v1.billing.meters.reactivate(meter)
    with unit_of_work():
        assert report.reopen_refused(cast.tenant.id) == 1
    assert report_usage() == Reported(1, 0)
    assert counted(cast, CLOSED, CLOSED + HOUR) == {CLOSED: 5}


def test_the_hour_of_a_test_clock_is_closed_when_the_clock_says_so(
    cast: Cast, metered: Subscription, open_hour: datetime
) -> None:
    send(cast, "a", 5, open_hour)
    db.session.execute(
        sa.update(Customer).where(Customer.tenant_id == cast.tenant.id).values(clock_at=utcnow() + 2 * HOUR)
    )
    db.session.commit()
    assert report_tenant(cast.tenant.id) == Reported(1, 0)


def test_the_job_tells_stripe_and_refreshes_the_next_invoice(
    cast: Cast, metered: Subscription, drain_jobs: DrainJobs
) -> None:
    send(cast, "a", 60_000, utcnow())
    report_usage(include_open=True)
    drain_jobs()
    upcoming = db.session.scalars(sa.select(UpcomingInvoice)).one()
    assert sum(line["amount"] for line in upcoming.lines if line["metered"]) == 1_900


def test_the_job_tells_stripe_about_every_tenant(
    cast: Cast, metered: Subscription, drain_jobs: DrainJobs
) -> None:
    send(cast, "a", 5, CLOSED)
    with unit_of_work():
        enqueue("usage.report", {})
    drain_jobs()
    assert states() == ["sent"]


def test_what_stripe_counted_is_compared_with_what_it_was_told(cast: Cast, metered: Subscription) -> None:
    send(cast, "a", 5, CLOSED)
    report_usage()
    start, end = CLOSED - HOUR, CLOSED + 2 * HOUR
    assert compare_usage(cast.tenant.id, start, end) == []
    customer = db.session.scalars(
        sa.select(Customer.stripe_id).where(Customer.tenant_id == cast.tenant.id)
    ).one()
    db.session.commit()
    assert customer is not None
    send_meter_event(
        current_gateway(),
        event_name="portal_api_calls",
        customer=customer,
        value=Decimal(3),
        identifier="by-hand",
        at=CLOSED,
    )
    (found,) = compare_usage(cast.tenant.id, start, end)
    assert found == Difference("api_calls", CLOSED, told=Decimal(5), counted=Decimal(8))


def test_usage_by_way_of_the_api_is_on_the_next_invoice_as_the_page_says(
    cast: Cast,
    subscribe: Subscribe,
    client: FlaskClient,
    owner: FlaskClient,
    api_key: str,
    drain_jobs: DrainJobs,
) -> None:
    subscribe(cast.tenant, "enterprise", seats=5)
    client.post(
        "/api/v1/usage/events",
        data=batch(event("a", 45_678), event("b", "250.5", meter="storage_gb")),
        headers={"Authorization": f"Bearer {api_key}"},
    )
    page = owner.get("/t/northwind-labs/usage").get_data(as_text=True)
    assert "$14.27 so far" in page
    assert "$1.50 so far" in page
    report_usage(include_open=True)
    drain_jobs()
    upcoming = db.session.scalars(sa.select(UpcomingInvoice)).one()
    assert sum(line["amount"] for line in upcoming.lines if line["metered"]) == 1_427 + 150
