"""All the portal knows about one tenant, for the page from which an operator helps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from flask import current_app

from portal.accounts.queries import users_by_id
from portal.audit.models import AuditEntry
from portal.audit.queries import entries_of
from portal.audit.sentences import actor_name, sentence
from portal.config import Config
from portal.customers.models import Customer
from portal.customers.queries import customer_of
from portal.extensions import db
from portal.intents.models import Intent
from portal.invoices.models import Invoice
from portal.jobs.models import Job, JobState
from portal.operator.attention import differing_quotes
from portal.operator.find import plan_name
from portal.plans.catalog import Plan, current_catalog
from portal.plans.invitations import invitations_of
from portal.subscriptions.models import Quote, Subscription
from portal.subscriptions.planned import PlannedChange, planned_change
from portal.sync.timeline import Entry, timeline
from portal.tenants.models import Membership, Tenant
from portal.tenants.queries import managers_of, member_count
from portal.usage.models import Meter, UsageReport
from portal.usage.totals import units

MOST = 10
MOST_TIMELINE = 20


@dataclass(frozen=True, slots=True)
class SubscriptionLine:
    """A subscription with its plan's name, its seats (None: not sold by the seat) and what is planned for it.
    `counts`: it is the one that gives the tenant its plan."""

    row: Subscription
    plan: str
    seats: int | None
    planned: PlannedChange | None
    counts: bool


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An entry of the audit trail in words."""

    entry: AuditEntry
    actor: str
    words: str


@dataclass(frozen=True, slots=True)
class RefusedReport:
    """Usage that Stripe did not take: how much of what, in units, and why."""

    row: UsageReport
    meter: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Invitable:
    """A plan that is sold by invitation, and whether it is open to the tenant."""

    plan: Plan
    is_open: bool


@dataclass(frozen=True, slots=True)
class Dossier:
    """What stands on a tenant's page. Lists are newest first; what is in trouble is listed whole, of the
    rest what fits a page."""

    tenant: Tenant
    customer: Customer | None
    page_at_stripe: str | None
    managers: Sequence[Membership]
    members: int
    subscriptions: tuple[SubscriptionLine, ...]
    charges: Sequence[Quote]
    refused: tuple[RefusedReport, ...]
    dead_jobs: Sequence[Job]
    intents: Sequence[Intent]
    invoices: Sequence[Invoice]
    timeline: list[Entry]
    audit: tuple[AuditLine, ...]
    invitable: tuple[Invitable, ...]

    @property
    def live(self) -> int:
        """How many subscriptions are live; more than one is a mistake."""
        return sum(each.row.is_live for each in self.subscriptions)


def dossier(tenant: Tenant) -> Dossier:
    """Gather a tenant's page. Asks nobody but the database."""
    customer = customer_of(tenant.id)
    return Dossier(
        tenant=tenant,
        customer=customer,
        page_at_stripe=page_at_stripe(customer, current_app.config["PORTAL"]),
        managers=managers_of(tenant.id),
        members=member_count(tenant.id),
        subscriptions=_subscriptions(tenant.id),
        charges=db.session.scalars(
            sa.select(Quote)
            .where(Quote.tenant_id == tenant.id, differing_quotes())
            .order_by(Quote.confirmed_at.desc())
        ).all(),
        refused=_refused(tenant.id),
        dead_jobs=db.session.scalars(
            sa.select(Job)
            .where(Job.tenant_id == tenant.id, Job.state == JobState.DEAD)
            .order_by(Job.finished_at.desc())
        ).all(),
        intents=db.session.scalars(
            sa.select(Intent).where(Intent.tenant_id == tenant.id).order_by(Intent.id.desc()).limit(MOST)
        ).all(),
        invoices=db.session.scalars(
            sa.select(Invoice)
            .where(Invoice.tenant_id == tenant.id)
            .order_by(Invoice.issued_at.desc(), Invoice.id.desc())
            .limit(MOST)
        ).all(),
        timeline=timeline(tenant.id, most=MOST_TIMELINE),
        audit=_audit(tenant.id),
        invitable=_invitable(tenant.id),
    )


def page_at_stripe(customer: Customer | None, config: Config) -> str | None:
    """Return the address of the customer's page on Stripe's dashboard; None for an emulator, which has none, and while
    there is no customer."""
    if customer is None or customer.stripe_id is None or config.stripe_api_base is not None:
        return None
    return f"https://dashboard.stripe.com/{'' if config.is_live else 'test/'}customers/{customer.stripe_id}"


def _subscriptions(tenant_id: int) -> tuple[SubscriptionLine, ...]:
    ended = Subscription.ended_at.is_not(None)
    rows = db.session.scalars(
        sa.select(Subscription)
        .where(Subscription.tenant_id == tenant_id)
        .order_by(ended, Subscription.created_at.desc(), Subscription.id.desc())
        .limit(MOST)
    ).all()
    counts = next((row for row in rows if row.is_live), None)
    lines = []
    for row in rows:
        seat = row.item("seat")
        lines.append(
            SubscriptionLine(
                row,
                plan_name(row),
                seat.quantity if seat is not None else None,
                planned_change(row),
                row is counts,
            )
        )
    return tuple(lines)


def _refused(tenant_id: int) -> tuple[RefusedReport, ...]:
    rows = db.session.execute(
        sa.select(UsageReport, Meter)
        .join(Meter, Meter.id == UsageReport.meter_id)
        .where(UsageReport.tenant_id == tenant_id, UsageReport.state == "refused")
        .order_by(UsageReport.hour_at.desc(), UsageReport.id.desc())
    )
    return tuple(RefusedReport(report, meter.name, units(meter, report.quantity)) for report, meter in rows)


def _audit(tenant_id: int) -> tuple[AuditLine, ...]:
    entries = entries_of(tenant_id, number=1).rows[:MOST_TIMELINE]
    people = users_by_id(each.actor_user_id for each in entries if each.actor_user_id is not None)
    names = {user.id: user.name for user in people.values()}
    return tuple(
        AuditLine(entry, actor_name(entry, names.get(entry.actor_user_id or 0)), sentence(entry))
        for entry in entries
    )


def _invitable(tenant_id: int) -> tuple[Invitable, ...]:
    plans = [plan for plan in current_catalog().plans.values() if plan.visibility == "invitation"]
    if not plans:
        return ()
    open_ones = {row.plan_key for row in invitations_of(tenant_id)}
    return tuple(Invitable(plan, plan.key in open_ones) for plan in plans)
