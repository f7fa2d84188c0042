"""The list of invoices and the upcoming one, and the payment of a change that has to be confirmed; for owners and
admins. The hosted page and the PDF are links to Stripe."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.invoices.payment import payment_of
from portal.invoices.queries import invoices_of, upcoming_invoice
from portal.kit.pagination import page_number
from portal.subscriptions.waiting_payment import give_up_intent
from portal.sync.intents import carry_out, refresh
from portal.tenants.access import MANAGERS, Access, for_tenant
from portal.web.current import current_user
from portal.web.redirects import see_other
from portal.web.unit_of_work import opens_units_of_work, unit_of_work

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


@blueprint.get("/payment/<public_id>")
@for_tenant(*MANAGERS)
def payment(access: Access, public_id: str) -> str:
    """Show what became of the payment of a change, and the way to confirm it."""
    return render_template("invoices/payment.html", payment=payment_of(access.tenant.id, public_id))


@blueprint.post("/payment/<public_id>")
@opens_units_of_work
@for_tenant(*MANAGERS)
def check_payment(access: Access, public_id: str) -> ResponseReturnValue:
    """Ask Stripe now, for somebody who comes back from confirming it."""
    tenant_id, slug = access.tenant.id, access.tenant.slug
    with unit_of_work():
        payment_of(tenant_id, public_id)
    refresh(tenant_id)
    return see_other(url_for(".payment", slug=slug, public_id=public_id))


@blueprint.post("/payment/<public_id>/give-up")
@opens_units_of_work
@for_tenant(*MANAGERS)
def give_up_payment(access: Access, public_id: str) -> ResponseReturnValue:
    """Drop the change that waits for its payment."""
    slug = access.tenant.slug
    with unit_of_work():
        intent = give_up_intent(access.tenant.id, public_id, current_user().id)
    if not carry_out(intent).is_synced:
        flash("Saved. It may take a minute until this page shows it.", "success")
    return see_other(url_for(".payment", slug=slug, public_id=public_id))
