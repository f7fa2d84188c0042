"""The job that makes a tenant's Stripe customer when Stripe did not answer at sign-up."""

from __future__ import annotations

from portal.customers.ensure import ensure_customer
from portal.jobs.registry import Payload, register


def _ensure(payload: Payload) -> None:
    ensure_customer(payload["tenant_id"])


register("customers.ensure", queue="stripe", call=_ensure)
