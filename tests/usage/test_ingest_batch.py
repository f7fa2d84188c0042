"""A batch of usage events: what is stored, what is counted once, what refuses it as a whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from portal.customers.models import Customer
from portal.extensions import db
from portal.kit.clock import utcnow
from portal.usage.batch import BadBatch
from portal.usage.ingest import Accepted, ingest
from portal.usage.models import Meter, UsageDay, UsageEvent, UsageHour
from portal.usage.store import UsageOverflow
from tests.fixtures.cast import Cast
from tests.fixtures.usage import batch, event

Meters = Callable[[str], Meter]
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)


def test_a_batch_is_added_to_the_hour_and_the_day(cast: Cast, meters: Meters) -> None:
    at = NOON + timedelta(minutes=17)
    assert ingest(cast.tenant.id, batch(event("a", 2, at=at), event("b", 3, at=at))) == Accepted(2, 0)
    hour = db.session.scalars(sa.select(UsageHour)).one()
    day = db.session.scalars(sa.select(UsageDay)).one()
    assert (hour.hour_at, hour.quantity, hour.events, hour.latest_at) == (NOON, Decimal(5), 2, at)
    assert (day.day_on, day.quantity, day.events) == (NOON.date(), Decimal(5), 2)


def test_the_same_key_counts_once_within_and_between_batches(cast: Cast, meters: Meters) -> None:
    assert ingest(cast.tenant.id, batch(event("a", 2), event("a", 2))) == Accepted(1, 1)
    assert ingest(cast.tenant.id, batch(event("a", 2), event("b", 5))) == Accepted(1, 1)
    assert db.session.scalar(sa.select(sa.func.sum(UsageDay.quantity))) == 7


def test_the_same_key_of_another_tenant_is_another_event(cast: Cast, meters: Meters) -> None:
    ingest(cast.tenant.id, batch(event("a", 2)))
    assert ingest(cast.other_tenant.id, batch(event("a", 3))) == Accepted(1, 0)
    sums = dict(db.session.execute(sa.select(UsageDay.tenant_id, UsageDay.quantity)).all())
    assert sums == {cast.tenant.id: 2, cast.other_tenant.id: 3}


def test_an_empty_batch_stores_nothing(cast: Cast, meters: Meters) -> None:
    assert ingest(cast.tenant.id, batch()) == Accepted(0, 0)


def test_an_event_without_a_time_happened_now(cast: Cast, meters: Meters) -> None:
    before = utcnow()
    ingest(cast.tenant.id, batch(event("a")))
    stored = db.session.scalars(sa.select(UsageEvent)).one()
    assert before <= stored.occurred_at <= utcnow()


def test_now_is_the_test_clock_of_the_tenant(cast: Cast, meters: Meters) -> None:
    clock_at = utcnow().replace(microsecond=0) + timedelta(days=31)
    db.session.execute(
        sa.update(Customer).where(Customer.tenant_id == cast.tenant.id).values(clock_at=clock_at)
    )
    db.session.commit()
    ingest(cast.tenant.id, batch(event("a")))
    assert db.session.scalars(sa.select(UsageEvent)).one().occurred_at == clock_at


def test_times_of_other_zones_are_counted_in_utc(cast: Cast, meters: Meters) -> None:
    sent = event("a") | {"occurred_at": f"{NOON.date() + timedelta(days=1)}T01:30:00+02:00"}
    ingest(cast.tenant.id, batch(sent))
    hour = db.session.scalars(sa.select(UsageHour)).one()
    assert hour.hour_at == NOON.replace(hour=23)
    assert db.session.scalars(sa.select(UsageDay)).one().day_on == NOON.date()


@pytest.mark.parametrize(
    ("sent", "stored"),
    [(1.5, 1500), ("0.001", 1), (0.1, 100), (2, 2000), ("12345678901.5", 12345678901500), (1e3, 1000000)],
)
def test_decimals_are_kept_exactly_in_the_meters_smallest_unit(
    cast: Cast, meters: Meters, sent: object, stored: int
) -> None:
    ingest(cast.tenant.id, batch(event("a", sent, meter="storage_gb")))
    assert db.session.scalars(sa.select(UsageEvent)).one().quantity == stored


def test_a_counting_meter_counts_events(cast: Cast, meters: Meters) -> None:
    without = {"meter": "logins", "idempotency_key": "a"}
    ingest(cast.tenant.id, batch(without, event("b", 1, meter="logins")))
    assert db.session.scalars(sa.select(UsageDay)).one().quantity == 2


def test_of_a_last_meter_the_newest_value_counts_in_whatever_order_events_come(
    cast: Cast, meters: Meters
) -> None:
    tenant_id = cast.tenant.id
    first, second, third = (NOON + timedelta(minutes=minute) for minute in (5, 20, 40))
    ingest(tenant_id, batch(event("b", 9, meter="agents", at=second), event("x", 4, at=first)))
    ingest(tenant_id, batch(event("a", 3, meter="agents", at=first)))
    of_agents = sa.select(UsageHour.quantity).join(Meter, Meter.id == UsageHour.meter_id)
    of_agents = of_agents.where(Meter.key == "agents")
    assert db.session.scalars(of_agents).one() == 9
    db.session.rollback()
    ingest(tenant_id, batch(event("c", 7, meter="agents", at=third)))
    assert db.session.scalars(of_agents).one() == 7


@pytest.mark.parametrize(
    "body",
    [
        batch(event("good"), event("bad", -1)),
        batch(event("good"), event("bad", meter="nonsense")),
        batch(event("good")) + b"}",
    ],
)
def test_of_a_batch_with_a_mistake_nothing_is_stored(cast: Cast, meters: Meters, body: bytes) -> None:
    with pytest.raises(BadBatch):
        ingest(cast.tenant.id, body)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(UsageEvent)) == 0


def test_a_thousand_events_fit_and_one_more_does_not(cast: Cast, meters: Meters) -> None:
    events = [event(f"k{index}") for index in range(1001)]
    assert ingest(cast.tenant.id, batch(*events[:1000])) == Accepted(1000, 0)
    with pytest.raises(BadBatch):
        ingest(cast.tenant.id, batch(*events))


def test_a_sum_that_would_no_longer_be_exact_is_refused_and_nothing_stored(
    cast: Cast, meters: Meters
) -> None:
    ingest(cast.tenant.id, batch(event("first", 10**15, at=NOON)))
    db.session.execute(sa.update(UsageHour).values(quantity=9 * 10**18 - 5))
    db.session.commit()
    with pytest.raises(UsageOverflow):
        ingest(cast.tenant.id, batch(event("second", 6, at=NOON)))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(UsageEvent)) == 1


def test_an_hour_in_which_a_period_begins_is_counted_apart(
    cast: Cast, meters: Meters, period: Callable[[datetime, datetime], None]
) -> None:
    renewal = NOON + timedelta(minutes=30, seconds=15)
    period(renewal - timedelta(days=20), renewal)
    before, after, later = (renewal + timedelta(minutes=minutes) for minutes in (-1, 1, 60))
    ingest(cast.tenant.id, batch(event("a", 1, at=before), event("b", 10, at=renewal)))
    ingest(cast.tenant.id, batch(event("c", 100, at=after), event("d", 1000, at=later)))
    hours = dict(db.session.execute(sa.select(UsageHour.hour_at, UsageHour.quantity)).all())
    assert hours == {NOON: 1, renewal: 110, NOON + timedelta(hours=1): 1000}
    assert db.session.scalars(sa.select(UsageDay.quantity)).one() == Decimal(1111)


def test_days_begin_at_midnight_utc(cast: Cast, meters: Meters) -> None:
    midnight = NOON.replace(hour=0)
    ingest(
        cast.tenant.id, batch(event("a", 1, at=midnight), event("b", 2, at=midnight - timedelta(seconds=1)))
    )
    stored = dict(db.session.execute(sa.select(UsageDay.day_on, UsageDay.quantity)).all())
    assert stored == {midnight.date(): 1, midnight.date() - timedelta(days=1): 2}
    assert isinstance(next(iter(stored)), date)
