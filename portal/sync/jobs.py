"""The jobs that sync: one customer's billing state and its details when marked, and the nightly sweep; and the one
that ends pauses on their day."""

from __future__ import annotations

from portal.jobs.registry import Payload, register
from portal.jobs.schedule import every
from portal.sync.customer import sync_customer
from portal.sync.details import Details, fetch_details, write_details
from portal.sync.mark import DETAILS, QUEUE, SYNC
from portal.sync.pauses import end_due_pauses
from portal.sync.reconcile import mark_due, prune_runs


def sync(payload: Payload) -> None:
    """Sync the customer's billing state, in units of work of its own. Webhooks mark without naming a trigger."""
    sync_customer(payload["customer_id"], trigger=payload.get("trigger", "webhook"))


def ask_for_details(payload: Payload) -> Details | None:
    """Fetch the customer's details."""
    return fetch_details(payload["customer_id"])


def keep_details(_payload: Payload, details: Details | None) -> None:
    """Write the details with the completion of the job."""
    if details is not None:
        write_details(details)


def sweep(_payload: Payload, _nothing: None) -> None:
    """Mark everyone who may have drifted, and forget old run records."""
    mark_due()
    prune_runs()


def end_pauses(_payload: Payload) -> None:
    """Go on with the plans whose pause is over, in units of work of its own."""
    end_due_pauses()


register(SYNC, queue=QUEUE, call=sync)
register(DETAILS, queue=QUEUE, call=ask_for_details, apply=keep_details)
register("sync.reconcile", queue="default", apply=sweep)
register("subscriptions.end_pauses", queue="stripe", call=end_pauses)
every("sync.reconcile", minutes=24 * 60, offset_minutes=3 * 60)
every("subscriptions.end_pauses", minutes=60)
