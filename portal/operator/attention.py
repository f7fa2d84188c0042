"""What a person must look at, over all tenants: one concern for each kind of trouble that does not go away by itself,
with how often it stands and its newest cases. What is not listed here needs nobody.

States are compared as constants, not as bound values: SQLite then finds the few rows by the indexes that hold nothing
but them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import shorten
from typing import Any

import sqlalchemy as sa

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.intents.models import Intent, IntentState
from portal.jobs.models import Job, JobState
from portal.kit.clock import utcnow
from portal.kit.errors import NotFound
from portal.kit.pagination import Page, cut
from portal.operator.words import INTENT_NAMES
from portal.subscriptions.models import LIVE, Quote, Subscription
from portal.sync.mark import DETAILS, SYNC
from portal.tenants.models import Tenant
from portal.usage.models import UsageReport
from portal.web.filters import amount_in, plural

Rows = sa.Select[*tuple[Any, ...]]
Row = sa.Row[*tuple[Any, ...]]
NEWEST = 5
PAGE_SIZE = 50
LONGEST = 200
"""Of an error in a list; all of it stands on the tenant's page."""

OPEN_TOO_LONG = timedelta(minutes=5)
"""An intent is retried after half a minute; one that is open longer than this waits for a Stripe that is away."""

REVIEWED = "charge.reviewed"
"""The audit entry by which an operator takes a charge that differs from its quote off the list."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a concern. `tenant` None: a job of no tenant. `job_id` names the job that can be tried again."""

    tenant: Tenant | None
    at: datetime
    words: str
    job_id: int | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of trouble: its name in addresses, what it is called, what to do, and where on a tenant's page it stands.

    `select` gives rows of (tenant, since when, ...) in any order, the second column labelled `at`.
    """

    key: str
    title: str
    advice: str
    anchor: str
    select: Callable[[], Rows]
    read: Callable[[Row], Case]


@dataclass(frozen=True, slots=True)
class Concern:
    """A kind of trouble that stands now: how often, and its newest cases."""

    kind: Kind
    count: int
    cases: tuple[Case, ...]


def concerns() -> list[Concern]:
    """Return what needs attention, the gravest kind first; empty when nothing does."""
    found = []
    for kind in KINDS:
        rows = db.session.execute(_newest_first(kind).limit(NEWEST + 1)).all()
        if not rows:
            continue
        count = len(rows) if len(rows) <= NEWEST else _count(kind)
        found.append(Concern(kind, count, tuple(kind.read(row) for row in rows[:NEWEST])))
    return found


def cases_of(key: str, *, number: int) -> tuple[Kind, Page[Case]]:
    """Return one page of all cases of a kind, newest first. Raises NotFound for a kind that does not exist."""
    kind = next((each for each in KINDS if each.key == key), None)
    if kind is None:
        raise NotFound(f"no kind of trouble is called {key!r}")
    statement = _newest_first(kind).limit(PAGE_SIZE + 1).offset((number - 1) * PAGE_SIZE)
    cases = [kind.read(row) for row in db.session.execute(statement)]
    return kind, cut(cases, number=number, size=PAGE_SIZE)


def differing_quotes() -> sa.ColumnElement[bool]:
    """Return the condition for quotes whose charge differs from what was shown, and that nobody has looked at."""
    reviewed = sa.exists().where(
        AuditEntry.tenant_id == Quote.tenant_id,
        AuditEntry.action == REVIEWED,
        AuditEntry.object_id == Quote.public_id,
    )
    return sa.and_(Quote.charged_amount != Quote.due_now_amount, ~reviewed)


def _newest_first(kind: Kind) -> Rows:
    return kind.select().order_by(sa.desc("at"), Tenant.id.desc())


def _count(kind: Kind) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(kind.select().subquery())) or 0


def _second_live() -> Rows:
    return (
        sa.select(Tenant, sa.func.max(Subscription.created_at).label("at"), sa.func.count(Subscription.id))
        .join(Subscription, Subscription.tenant_id == Tenant.id)
        .where(Subscription.status.in_(LIVE))
        .group_by(Tenant.id)
        .having(sa.func.count(Subscription.id) > 1)
    )


def _refused_usage() -> Rows:
    return (
        sa.select(
            Tenant,
            sa.func.max(UsageReport.created_at).label("at"),
            sa.func.count(UsageReport.id),
            sa.func.max(UsageReport.error),
        )
        .join(UsageReport, UsageReport.tenant_id == Tenant.id)
        .where(UsageReport.state == sa.literal_column("'refused'"))
        .group_by(Tenant.id)
    )


def _dead_jobs(*more: sa.ColumnElement[bool]) -> Rows:
    return (
        sa.select(Tenant, Job.finished_at.label("at"), Job)
        .select_from(Job)
        .outerjoin(Tenant, Tenant.id == Job.tenant_id)
        .where(Job.state == sa.literal_column(f"'{JobState.DEAD}'"), *more)
    )


def _open_intents() -> Rows:
    return (
        sa.select(Tenant, Intent.created_at.label("at"), Intent.kind)
        .join(Intent, Intent.tenant_id == Tenant.id)
        .where(
            Intent.state == sa.literal_column(f"'{IntentState.OPEN}'"),
            Intent.created_at < utcnow() - OPEN_TOO_LONG,
        )
    )


def _differing_charges() -> Rows:
    return (
        sa.select(Tenant, Quote.confirmed_at.label("at"), Quote)
        .join(Quote, Quote.tenant_id == Tenant.id)
        .where(differing_quotes())
    )


def _case_of_job(row: Row) -> Case:
    tenant, at, job = row
    error = shorten(job.last_error or "not known", LONGEST, placeholder=" …")
    return Case(tenant, at, f"{job.name}, {plural(job.attempts, 'attempt')}: {error}", job.id)


def _case_of_quote(row: Row) -> Case:
    tenant, at, quote = row
    shown, charged = (
        amount_in(each, quote.currency) for each in (quote.due_now_amount, quote.charged_amount)
    )
    return Case(tenant, at, f"{shown} was shown, {charged} was charged")


_WEBHOOK_JOBS = Job.name.in_((SYNC, DETAILS))
KINDS = (
    Kind(
        key="second-plan",
        title="More than one plan is being paid",
        advice="Find out which one the tenant wants, and end the other at once on the tenant’s page.",
        anchor="subscriptions",
        select=_second_live,
        read=lambda row: Case(row[0], row[1], f"{row[2]} plans are being paid at the same time"),
    ),
    Kind(
        key="charge",
        title="A charge was not what was shown",
        advice="Compare the invoice with the quote, put it right with the tenant, then mark it as looked at.",
        anchor="charges",
        select=_differing_charges,
        read=_case_of_quote,
    ),
    Kind(
        key="usage",
        title="Stripe refused reports of usage",
        advice="This usage is on no invoice. Remove the cause, then send the reports again on the tenant’s page.",
        anchor="usage",
        select=_refused_usage,
        read=lambda row: Case(row[0], row[1], f"{plural(row[2], 'report')}: {row[3]}"),
    ),
    Kind(
        key="webhooks",
        title="Webhooks were not acted on",
        advice="What Stripe announced could not be fetched, so the tenant’s pages are out of date. Try again.",
        anchor="jobs",
        select=lambda: _dead_jobs(_WEBHOOK_JOBS),
        read=_case_of_job,
    ),
    Kind(
        key="intents",
        title="The outcome of a change is not known",
        advice="Stripe did not answer. It is asked again for an hour; what is still open then is given up.",
        anchor="intents",
        select=_open_intents,
        read=lambda row: Case(row[0], row[1], INTENT_NAMES.get(row[2], str(row[2]))),
    ),
    Kind(
        key="jobs",
        title="Jobs gave up",
        advice="They used up their attempts. Remove the cause their last error names, then try again.",
        anchor="jobs",
        select=lambda: _dead_jobs(~_WEBHOOK_JOBS),
        read=_case_of_job,
    ),
)
