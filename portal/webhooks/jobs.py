"""The inbox's nightly care."""

from __future__ import annotations

from portal.jobs.registry import Payload, register
from portal.jobs.schedule import every
from portal.webhooks.inbox import prune


def _prune(_payload: Payload, _nothing: None) -> None:
    prune()


register("webhooks.prune", queue="default", apply=_prune)
every("webhooks.prune", minutes=24 * 60, offset_minutes=4 * 60 + 10)
