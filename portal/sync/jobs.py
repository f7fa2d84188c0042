"""The jobs that sync: of one customer's billing state and of its details, when marked."""

from __future__ import annotations

from portal.jobs.registry import Payload, register
from portal.sync.customer import sync_customer
from portal.sync.details import Details, fetch_details, write_details
from portal.sync.mark import DETAILS, QUEUE, SYNC


def sync(payload: Payload) -> None:
    """Sync the customer's billing state, in units of work of its own."""
    sync_customer(payload["customer_id"], trigger="webhook")


def ask_for_details(payload: Payload) -> Details | None:
    """Fetch the customer's details."""
    return fetch_details(payload["customer_id"])


def keep_details(payload: Payload, details: Details | None) -> None:
    """Write the details with the completion of the job: only the holder of its lease may, so an older answer never
    overwrites a newer one."""
    if details is not None:
        write_details(payload["customer_id"], details)


register(SYNC, queue=QUEUE, call=sync)
register(DETAILS, queue=QUEUE, call=ask_for_details, apply=keep_details)
