"""The daily housekeeping of accounts."""

from __future__ import annotations

from portal.accounts.prune import prune
from portal.jobs.registry import Payload, register
from portal.jobs.schedule import every


def apply(_payload: Payload, _nothing: None) -> None:
    """Clear away what is over, in the transaction that completes the job."""
    prune()


register("accounts.prune", queue="default", apply=apply)
every("accounts.prune", minutes=24 * 60, offset_minutes=3 * 60 + 30)
