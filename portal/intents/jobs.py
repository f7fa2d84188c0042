"""Jobs that bring intents to their end when no request does."""

from __future__ import annotations

from portal.jobs.registry import Payload, register
from portal.sync.checkout import settle_checkout
from portal.sync.intents import finish_open


def _finish(payload: Payload) -> None:
    finish_open(payload["intent_id"])


def _settle(payload: Payload) -> None:
    settle_checkout(payload["intent_id"])


register("intents.finish", queue="stripe", call=_finish)
register("checkout.settle", queue="stripe", call=_settle)
