"""What Stripe must be told about usage: one report per hour of a meter, written before it is sent under an identifier
that follows from it, so that sending twice counts once. No network here; sync/usage.py sends.

Only tenants whose subscription bills the meter are reported, from the hour row in which it began: Stripe would count
what is told beyond that into nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa

from portal.customers.models import Customer
from portal.customers.queries import billing_now
from portal.extensions import db
from portal.kit.clock import utcnow
from portal.subscriptions.models import LIVE, Subscription, SubscriptionItem
from portal.tenants.models import Tenant
from portal.usage.batch import OLDEST
from portal.usage.models import Meter, UsageHour, UsageReport
from portal.usage.totals import units

HOUR = timedelta(hours=1)
AFTER_THE_END = timedelta(days=2)
"""How long the usage of an ended subscription is still reported: its last invoice is a draft for an hour."""


@dataclass(frozen=True, slots=True)
class ToSend:
    """One report with everything the call needs. `value` in units; `at` within the hour and the billing period.

    `adds_up` False: of its meter only the newest value counts, so sending it again is harmless.
    """

    report_id: int
    event_name: str
    meter_stripe_id: str
    customer_stripe_id: str
    value: Decimal
    identifier: str
    at: datetime
    adds_up: bool
    written_at: datetime


def tenants_to_report() -> list[int]:
    """Return the tenants with usage that Stripe was not told, or with reports whose outcome is unknown."""
    untold = sa.select(UsageHour.tenant_id).where(
        UsageHour.reported_quantity != UsageHour.quantity, _billed()
    )
    unsent = sa.select(UsageReport.tenant_id).where(UsageReport.state == "open")
    return sorted(set(db.session.scalars(untold.distinct().union(unsent))))


def write_reports(tenant_id: int, *, include_open: bool = False) -> int:
    """Write the missing reports of a tenant and return how many; call it in a unit of work.

    Hours that are not over yet are left out unless `include_open`. An hour with a report under way, or refused by
    Stripe, waits for that one.
    """
    tenant = db.session.scalars(
        # Two workers must not number the reports of one hour at the same time.
        sa.select(Tenant).where(Tenant.id == tenant_id).with_for_update(key_share=True)
    ).one()
    now = billing_now(tenant_id)
    waiting = sa.exists().where(
        UsageReport.tenant_id == UsageHour.tenant_id,
        UsageReport.meter_id == UsageHour.meter_id,
        UsageReport.hour_at == UsageHour.hour_at,
        UsageReport.state != "sent",
    )
    earlier = (
        sa.select(sa.func.count())
        .where(
            UsageReport.tenant_id == UsageHour.tenant_id,
            UsageReport.meter_id == UsageHour.meter_id,
            UsageReport.hour_at == UsageHour.hour_at,
        )
        .scalar_subquery()
    )
    found = db.session.execute(
        sa.select(UsageHour, Meter, earlier)
        .join(Meter, Meter.id == UsageHour.meter_id)
        .where(
            UsageHour.tenant_id == tenant_id,
            UsageHour.reported_quantity != UsageHour.quantity,
            UsageHour.hour_at > now - OLDEST,
            UsageHour.hour_at <= (now if include_open else now - HOUR),
            _billed(),
            ~waiting,
        )
        .order_by(UsageHour.hour_at)
    ).all()
    for hour, meter, count in found:
        untold = hour.quantity if meter.aggregation == "last" else hour.quantity - hour.reported_quantity
        db.session.add(
            UsageReport(
                tenant_id=tenant_id,
                meter_id=meter.id,
                hour_at=hour.hour_at,
                identifier=f"u-{tenant.public_id}-{meter.key}-{hour.hour_at:%Y%m%dT%H%M%S}-{count + 1}",
                quantity=int(untold),
            )
        )
    db.session.flush()  # the reports get their ids and, should another worker have been first, the database objects
    return len(found)


def reports_to_send(tenant_id: int) -> list[ToSend]:
    """Return the tenant's open reports, oldest hour first. Those of a tenant without a customer at Stripe wait."""
    rows = db.session.execute(
        sa.select(UsageReport, Meter, Customer.stripe_id, UsageHour.latest_at)
        .join(Meter, Meter.id == UsageReport.meter_id)
        .join(Customer, Customer.tenant_id == UsageReport.tenant_id)
        .join(UsageHour, _same_hour())
        .where(
            UsageReport.tenant_id == tenant_id,
            UsageReport.state == "open",
            Meter.stripe_id.is_not(None),
            Customer.stripe_id.is_not(None),
            Customer.deleted_at.is_(None),
        )
        .order_by(UsageReport.hour_at, UsageReport.id)
    )
    return [
        ToSend(
            report.id,
            meter.event_name,
            meter.stripe_id or "",
            customer or "",
            units(meter, report.quantity),
            report.identifier,
            latest_at if meter.aggregation == "last" else report.hour_at,
            meter.aggregation != "last",
            report.created_at,
        )
        for report, meter, customer, latest_at in rows
    ]


def settle_sent(report_id: int) -> None:
    """Note that Stripe has counted a report; call it in a unit of work. A second time changes nothing."""
    report = db.session.execute(
        sa.update(UsageReport)
        .where(UsageReport.id == report_id, UsageReport.state == "open")
        .values(state="sent", sent_at=utcnow())
        .returning(UsageReport.tenant_id, UsageReport.meter_id, UsageReport.hour_at, UsageReport.quantity)
    ).one_or_none()
    if report is None:
        return
    is_last = sa.exists().where(Meter.id == report.meter_id, Meter.aggregation == "last")
    db.session.execute(
        sa.update(UsageHour)
        .where(
            UsageHour.tenant_id == report.tenant_id,
            UsageHour.meter_id == report.meter_id,
            UsageHour.hour_at == report.hour_at,
        )
        .values(
            reported_quantity=sa.case(
                (is_last, report.quantity), else_=UsageHour.reported_quantity + report.quantity
            )
        )
        .execution_options(synchronize_session=False)
    )


def settle_refused(report_id: int, reason: str) -> None:
    """Keep Stripe's reason; the report waits for a person. Call it in a unit of work."""
    db.session.execute(
        sa.update(UsageReport)
        .where(UsageReport.id == report_id, UsageReport.state == "open")
        .values(state="refused", error=reason[:500])
        .execution_options(synchronize_session=False)
    )


def reopen_refused(tenant_id: int) -> int:
    """Let the tenant's refused reports be sent again under the same identifiers; return how many."""
    reopened = db.session.execute(
        sa.update(UsageReport)
        .where(UsageReport.tenant_id == tenant_id, UsageReport.state == "refused")
        .values(state="open", error=None)
        .returning(UsageReport.id)
        .execution_options(synchronize_session=False)
    )
    return len(reopened.all())


def told_in_hour(report_id: int) -> Decimal:
    """Return how many units Stripe was told, by reports before this one, about the full hour of a report."""
    report, meter = db.session.execute(
        sa.select(UsageReport, Meter)
        .join(Meter, Meter.id == UsageReport.meter_id)
        .where(UsageReport.id == report_id)
    ).one()
    hour = full_hour(report.hour_at)
    told = db.session.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(UsageReport.quantity), 0)).where(
            UsageReport.tenant_id == report.tenant_id,
            UsageReport.meter_id == report.meter_id,
            UsageReport.hour_at >= hour,
            UsageReport.hour_at < hour + HOUR,
            UsageReport.state == "sent",
        )
    )
    return units(meter, told or 0)


def full_hour(at: datetime) -> datetime:
    """Return the full hour (UTC) an instant lies in."""
    return at.replace(minute=0, second=0, microsecond=0)


def _same_hour() -> sa.ColumnElement[bool]:
    return sa.and_(
        UsageHour.tenant_id == UsageReport.tenant_id,
        UsageHour.meter_id == UsageReport.meter_id,
        UsageHour.hour_at == UsageReport.hour_at,
    )


def _billed() -> sa.ColumnElement[bool]:
    """The hour belongs to a subscription that bills its meter and lives, or ended a moment ago."""
    return sa.exists(
        sa.select(SubscriptionItem.id)
        .join(Subscription, Subscription.id == SubscriptionItem.subscription_id)
        .join(Meter, SubscriptionItem.component == "meter:" + Meter.key)
        .where(
            Subscription.tenant_id == UsageHour.tenant_id,
            Meter.id == UsageHour.meter_id,
            UsageHour.hour_at >= Subscription.created_at,
            sa.or_(
                Subscription.status.in_(LIVE),
                sa.and_(
                    Subscription.ended_at > utcnow() - AFTER_THE_END,
                    UsageHour.hour_at < Subscription.ended_at,
                ),
            ),
        )
        .correlate(UsageHour)
    )
