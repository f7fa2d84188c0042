"""The page that compares the plans."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from portal.subscriptions.plans_page import plans_page
from portal.tenants.access import Access, for_tenant

blueprint = Blueprint("plans", __name__, url_prefix="/t/<slug>")


@blueprint.get("/plans")
@for_tenant()
def compare(access: Access) -> ResponseReturnValue:
    """Show all plans with their prices by the month or by the year."""
    page = plans_page(access.tenant.id, interval=request.args.get("interval"))
    return render_template(
        "plans/compare.html", was_cancelled=request.args.get("checkout") == "cancelled", **page
    )
