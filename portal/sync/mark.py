"""Says that a customer's state at Stripe may have changed: keyed jobs, so that twelve hints cost one sync."""

from __future__ import annotations

from datetime import timedelta

from portal.jobs.queue import NO_DELAY, mark

SYNC = "sync.customer"
DETAILS = "customers.details"
QUEUE = "stripe"


def key_of(name: str, customer_id: int) -> str:
    """Return the key of a customer's keyed job."""
    return f"{name}:{customer_id}"


def mark_customer(
    customer_id: int, tenant_id: int, *, trigger: str = "change", delay: timedelta = NO_DELAY
) -> None:
    """Want the customer's billing state synced after the caller's transaction commits; `trigger` is kept in the
    run's record."""
    mark(
        SYNC,
        key_of(SYNC, customer_id),
        {"customer_id": customer_id, "trigger": trigger},
        queue=QUEUE,
        tenant_id=tenant_id,
        delay=delay,
    )


def mark_details(customer_id: int, tenant_id: int, *, delay: timedelta = NO_DELAY) -> None:
    """Want the customer's payment methods and next invoice fetched after the caller's transaction commits."""
    mark(
        DETAILS,
        key_of(DETAILS, customer_id),
        {"customer_id": customer_id},
        queue=QUEUE,
        tenant_id=tenant_id,
        delay=delay,
    )
