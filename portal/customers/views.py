"""The hand-off to Stripe's Customer Portal and the way back."""

from __future__ import annotations

from flask import Blueprint, current_app, request, url_for
from flask.typing import ResponseReturnValue

from portal.audit.record import record
from portal.customers.ensure import ensure_customer
from portal.extensions import open_for_writing
from portal.gateway import current_gateway, customers
from portal.kit.ids import is_public_id
from portal.plans.prices import portal_configuration
from portal.sync.intents import refresh
from portal.tenants.access import MANAGERS, Access, for_tenant
from portal.web.redirects import see_other, to_stripe
from portal.web.unit_of_work import opens_units_of_work, unit_of_work

blueprint = Blueprint("customers", __name__, url_prefix="/t/<slug>")


@blueprint.post("/portal")
@opens_units_of_work
@for_tenant(*MANAGERS)
def portal(access: Access) -> ResponseReturnValue:
    """Send the person to Stripe's own page for cards, addresses, invoices and cancelling; with the `payment` of a
    change, straight to the form for another card and back to that payment."""
    payment = _public_id(request.form.get("payment"))
    customer = ensure_customer(access.tenant.id)
    assert customer.stripe_id is not None
    with unit_of_work():
        configuration = portal_configuration()
        record(
            "customer.portal_opened",
            tenant_id=customer.tenant_id,
            object_type="customer",
            object_id=customer.stripe_id,
        )
    way_back = url_for(".portal_return", slug=access.tenant.slug, payment=payment)
    url = customers.portal_url(
        current_gateway(),
        customer.stripe_id,
        return_url=current_app.config["PORTAL"].public_url + way_back,
        configuration=configuration,
        flow="payment_method_update" if payment is not None else None,
    )
    return to_stripe(url)


@blueprint.get("/portal/return")
@for_tenant(*MANAGERS)
def portal_return(access: Access) -> ResponseReturnValue:
    """Fetch what was changed on Stripe's page, and show the overview, or the payment the person came from."""
    tenant_id, slug = access.tenant.id, access.tenant.slug
    open_for_writing()
    refresh(tenant_id)
    payment = _public_id(request.args.get("payment"))
    if payment is not None:
        return see_other(url_for("invoices.payment", slug=slug, public_id=payment))
    return see_other(url_for("subscriptions.overview", slug=slug))


def _public_id(sent: str | None) -> str | None:
    """Return what was sent if it has the form of a public id; whose it is, its page checks."""
    return sent if sent is not None and is_public_id(sent) else None
