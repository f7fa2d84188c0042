"""The jobs that report usage: every five minutes find the tenants, then one job for each of them."""

from __future__ import annotations

from portal.jobs.queue import mark
from portal.jobs.registry import Payload, register
from portal.jobs.schedule import every
from portal.sync.usage import report_tenant
from portal.usage.report import tenants_to_report

REPORT, REPORT_TENANT = "usage.report", "usage.report_tenant"


def fan_out(_payload: Payload, _answer: None) -> None:
    """Want a report of every tenant that has something to tell."""
    for tenant_id in tenants_to_report():
        mark(REPORT_TENANT, f"{REPORT_TENANT}:{tenant_id}", {"tenant_id": tenant_id}, tenant_id=tenant_id)


def report_one(payload: Payload) -> None:
    """Report one tenant's closed hours, in units of work of its own."""
    report_tenant(payload["tenant_id"])


register(REPORT, queue="default", apply=fan_out)
register(REPORT_TENANT, queue="stripe", call=report_one)
every(REPORT, minutes=5)
