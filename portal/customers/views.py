"""The hand-off to Stripe's Customer Portal and the way back."""

from __future__ import annotations

from flask import Blueprint, current_app, url_for
from flask.typing import ResponseReturnValue

from portal.audit.record import record
from portal.customers.ensure import ensure_customer
from portal.extensions import open_for_writing
from portal.gateway import current_gateway, customers
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
    """Send the person to Stripe's own page for cards, addresses, invoices and cancelling."""
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
    way_back = url_for(".portal_return", slug=access.tenant.slug)
    url = customers.portal_url(
        current_gateway(),
        customer.stripe_id,
        return_url=current_app.config["PORTAL"].public_url + way_back,
        configuration=configuration,
    )
    return to_stripe(url)


@blueprint.get("/portal/return")
@for_tenant(*MANAGERS)
def portal_return(access: Access) -> ResponseReturnValue:
    """Fetch what was changed on Stripe's page, and show the overview."""
    tenant_id, slug = access.tenant.id, access.tenant.slug
    open_for_writing()
    refresh(tenant_id)
    return see_other(url_for("subscriptions.overview", slug=slug))
