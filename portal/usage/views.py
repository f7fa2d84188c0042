"""The usage page."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template

from portal.customers.queries import billing_now
from portal.subscriptions.current import current_plan
from portal.tenants.access import Access, for_tenant
from portal.usage.drawing import day_chart, trend, unit_name
from portal.usage.period import period_of
from portal.usage.summary import usage_of

blueprint = Blueprint("usage", __name__, url_prefix="/t/<slug>")


@blueprint.get("/usage")
@for_tenant()
def show(access: Access) -> str:
    """Show each meter's use in this period, with its days as a chart and as figures."""
    current, now = current_plan(access.tenant.id), billing_now(access.tenant.id)
    period = period_of(current.subscription, now)
    uses = usage_of(access.tenant.id, current, period)
    return render_template(
        "usage/show.html",
        uses=uses,
        period=period,
        plan=current.plan,
        charts={use.meter.key: day_chart(use, period, now.date()) for use in uses if use.days},
        trends={use.meter.key: trend(use, period, now.date()) for use in uses},
        unit_name=unit_name,
        api_address=f"{current_app.config['PORTAL'].public_url}/api/v1/usage/events",
    )
