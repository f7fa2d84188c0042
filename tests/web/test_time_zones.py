"""Dates are those of the tenant's zone, on every page that names the end of a period, close to midnight UTC."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from portal.extensions import db
from portal.invoices.models import Invoice
from portal.kit.clock import utcnow
from portal.web.filters import day
from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.plans.changing import PLANS, ask, text_of

OVERVIEW, CANCEL, INVOICES = (f"/t/northwind-labs/{page}" for page in ("overview", "cancel", "invoices"))
ONE_DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "late", "early"),
    [
        ("Pacific/Auckland", ONE_DAY, timedelta()),  # half past eleven in the evening UTC is tomorrow there
        ("America/Los_Angeles", timedelta(), -ONE_DAY),  # and half past midnight is yesterday
        ("UTC", timedelta(), timedelta()),
    ],
)
def test_each_page_shows_the_tenants_day(
    owner: FlaskClient, cast: Cast, subscribe: Subscribe, zone: str, late: timedelta, early: timedelta
) -> None:
    subscription = subscribe(cast.tenant, "pro", seats=3)
    begins_on, ends_on = (utcnow() - timedelta(days=9)).date(), (utcnow() + timedelta(days=20)).date()
    subscription.current_period_start_at = datetime.combine(begins_on, time(0, 30), UTC)
    subscription.current_period_end_at = datetime.combine(ends_on, time(23, 30), UTC)
    cast.tenant.time_zone = zone
    db.session.execute(sa.update(Invoice).values(issued_at=subscription.current_period_start_at))
    db.session.commit()
    first, last = day(begins_on + early), day(ends_on + late)

    overview = text_of(owner, OVERVIEW)
    assert f"{first} to {last}" in overview
    assert f"Renews on</dt><dd>{last}" in overview.replace("> <", "><")
    assert f"On {last}: nothing to pay any more." in text_of(owner, PLANS)
    assert f"on <strong>{last}" in text_of(owner, CANCEL)
    assert first in text_of(owner, INVOICES)
    quote = ask(owner, "starter").location
    assert f"until {last} your plan stays as it is" in text_of(owner, quote)
