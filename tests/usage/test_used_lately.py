"""What was used in the last thirty days, to guess what a plan would cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from portal.kit.clock import utcnow
from portal.usage.lately import used_lately
from portal.usage.models import Meter
from tests.fixtures.cast import Cast
from tests.fixtures.usage import used_on_days


def test_thirty_whole_days_count_and_neither_today_nor_the_day_before_them(cast: Cast) -> None:
    used_on_days(cast.tenant.id, {0: 1, 1: 20, 30: 300, 31: 4_000})
    used_on_days(cast.other_tenant.id, {1: 50_000})
    assert used_lately(cast.tenant.id, utcnow()).used == {"api_calls": 320}


def test_units_are_those_of_the_meter(cast: Cast) -> None:
    used_on_days(cast.tenant.id, {2: 1_500, 3: 250}, meter="storage_gb")
    assert used_lately(cast.tenant.id, utcnow()).used == {"storage_gb": Decimal("1.75")}


def test_of_a_meter_that_keeps_its_last_value_the_newest_day_counts(
    cast: Cast, meters: Callable[[str], Meter]
) -> None:
    meter = meters("agents")
    used_on_days(cast.tenant.id, {2: 7, 9: 90}, meter=meter.key)
    assert used_lately(cast.tenant.id, utcnow()).used == {meter.key: 7}


def test_the_days_are_named_with_the_result(cast: Cast) -> None:
    found = used_lately(cast.tenant.id, datetime(2026, 11, 22, 0, 5, tzinfo=UTC))
    assert (found.first_on, found.last_on) == (date(2026, 10, 23), date(2026, 11, 21))
    assert found.last_on - found.first_on == timedelta(days=29)
    assert found.used == {}
