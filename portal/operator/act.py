"""What an operator does for a tenant, each step written into the tenant's audit trail in the caller's unit of work. To
end a plan at once is `subscriptions.cancel_now`, to open one by invitation `plans.invitations`."""

from __future__ import annotations

import sqlalchemy as sa

from portal.audit.record import record
from portal.customers.queries import customer_of
from portal.extensions import db
from portal.jobs.models import Job, JobState
from portal.jobs.replay import replay_dead
from portal.kit.errors import Conflict, NotFound
from portal.kit.ids import is_public_id
from portal.operator.attention import REVIEWED, differing_quotes
from portal.subscriptions.models import LIVE, Quote, Subscription
from portal.tenants.models import Tenant
from portal.usage.report import reopen_refused


class NotAtStripeYet(Conflict):
    """Stripe does not know the tenant's customer, so there is nothing to fetch."""

    code = "not_at_stripe_yet"
    public_message = (
        "This tenant has no customer at Stripe yet. A job makes it; see whether that job gave up."
    )


class NothingRefused(Conflict):
    """No report of usage waits for a person."""

    code = "nothing_refused"
    public_message = "No report of this tenant's usage is refused any more."


class NotDead(Conflict):
    """The job is not there, or it has not given up, or somebody was faster."""

    code = "not_dead"
    public_message = "This job is not among those that gave up any more."


def note_sync(tenant: Tenant) -> None:
    """Write down that an operator fetches the tenant's billing state. Raises NotAtStripeYet."""
    customer = customer_of(tenant.id)
    if customer is None or customer.stripe_id is None:
        raise NotAtStripeYet(tenant.slug)
    record("tenant.synced", tenant_id=tenant.id, object_type="customer", object_id=customer.stripe_id)


def live_subscription(tenant: Tenant, stripe_id: str) -> Subscription:
    """Return a live subscription of the tenant. Raises NotFound, also for another tenant's and for one that ended."""
    found = None
    if stripe_id.isascii() and stripe_id.isprintable():
        found = db.session.scalars(
            sa.select(Subscription).where(
                Subscription.tenant_id == tenant.id,
                Subscription.stripe_id == stripe_id,
                Subscription.status.in_(LIVE),
            )
        ).one_or_none()
    if found is None:
        raise NotFound(f"no live subscription {stripe_id!r} of {tenant.slug}")
    return found


def reopen_usage(tenant: Tenant) -> int:
    """Let Stripe be sent what it refused of the tenant's usage; return how many reports. Raises NothingRefused."""
    count = reopen_refused(tenant.id)
    if not count:
        raise NothingRefused(tenant.slug)
    record(
        "usage_report.reopened",
        tenant_id=tenant.id,
        object_type="tenant",
        object_id=tenant.public_id,
        count=count,
    )
    return count


def mark_reviewed(tenant: Tenant, quote_public_id: str) -> None:
    """Take a charge that differs from its quote off the list, because somebody has looked at it. A second time
    changes nothing. Raises NotFound, also for another tenant's quote and for one without a difference."""
    quote = None
    if is_public_id(quote_public_id):
        quote = db.session.scalars(
            sa.select(Quote).where(
                Quote.tenant_id == tenant.id,
                Quote.public_id == quote_public_id,
                Quote.charged_amount != Quote.due_now_amount,
            )
        ).one_or_none()
    if quote is None:
        raise NotFound(f"no differing quote {quote_public_id!r} of {tenant.slug}")
    is_waiting = sa.select(Quote.id).where(Quote.id == quote.id, differing_quotes())
    if db.session.scalar(is_waiting) is None:
        return
    record(
        REVIEWED,
        tenant_id=tenant.id,
        object_type="quote",
        object_id=quote.public_id,
        quoted_amount=quote.due_now_amount,
        charged_amount=quote.charged_amount,
        currency=quote.currency,
    )


def try_again(job_id: int) -> Tenant | None:
    """Give a job that gave up a fresh set of attempts; return the tenant it works for. Raises NotDead."""
    job = db.session.scalars(sa.select(Job).where(Job.id == job_id, Job.state == JobState.DEAD)).one_or_none()
    if job is None or not replay_dead(job_id=job_id):
        raise NotDead(f"job {job_id}")
    record("job.replayed", tenant_id=job.tenant_id, object_type="job", object_id=str(job.id), name=job.name)
    return db.session.get(Tenant, job.tenant_id) if job.tenant_id is not None else None
