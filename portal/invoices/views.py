"""The list of invoices and the upcoming one, for owners and admins. Nothing here asks Stripe: the hosted page and
the PDF are links to it."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from portal.invoices.queries import invoices_of, upcoming_invoice
from portal.kit.pagination import page_number
from portal.tenants.access import MANAGERS, Access, for_tenant

blueprint = Blueprint("invoices", __name__, url_prefix="/t/<slug>")


@blueprint.get("/invoices")
@for_tenant(*MANAGERS)
def index(access: Access) -> str:
    """Show the invoices, newest first, and the next one as last foreseen."""
    return render_template(
        "invoices/index.html",
        page=invoices_of(access.tenant.id, page=page_number(request.args.get("page"))),
        upcoming=upcoming_invoice(access.tenant.id),
    )
