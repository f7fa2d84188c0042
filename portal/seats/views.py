"""The seats page: buy more or fewer, give and take them. A change that costs money is shown as a quote first."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.gateway.errors import CardDeclined, GatewayRefused, GatewayUnavailable
from portal.intents.models import IntentState
from portal.kit.errors import NotFound, PortalError
from portal.kit.ids import is_public_id
from portal.kit.pagination import page_number
from portal.seats.assign import NoFreeSeat, assign_seat
from portal.seats.change import SeatsBelowAssigned, SeatsNotForSale, SeatsOutOfRange
from portal.seats.confirm import is_valid
from portal.seats.forms import SeatsForm
from portal.seats.page import seats_page
from portal.seats.queries import holds_seat
from portal.seats.release import release_seat
from portal.subscriptions.change import PausedNow
from portal.subscriptions.quotes import ChangeUnderWay, PaymentAwaited, QuoteStale, QuoteUsed, quote_by_id
from portal.sync.seats import confirm_seats, quote_seats
from portal.tenants.access import MANAGERS, Access, for_tenant
from portal.tenants.models import Membership
from portal.tenants.queries import member_by_public_id
from portal.web.current import current_user
from portal.web.redirects import see_other
from portal.web.unit_of_work import opens_units_of_work

blueprint = Blueprint("seats", __name__, url_prefix="/t/<slug>")


@blueprint.get("/seats")
@for_tenant()
def show(access: Access) -> str:
    """Show all seats to those who manage them, and to a member their own."""
    if not access.can_manage:
        return render_template("seats/own.html", has_seat=holds_seat(access.tenant.id, access.membership.id))
    return _page(access, SeatsForm())


@blueprint.post("/seats")
@opens_units_of_work
@for_tenant(*MANAGERS)
def quote(access: Access) -> ResponseReturnValue:
    """Ask what another number of seats costs and show the quote."""
    form, tenant_id, slug = SeatsForm(), access.tenant.id, access.tenant.slug
    if form.validate_on_submit() and form.seats.data is not None:
        try:
            made = quote_seats(tenant_id, form.seats.data, current_user().id)
            return see_other(url_for(".review", slug=slug, public_id=made.public_id))
        except (SeatsOutOfRange, SeatsBelowAssigned, SeatsNotForSale, PausedNow, GatewayRefused) as error:
            form.refuse(error, "seats")
    return _page(access, form), 422


@blueprint.get("/quotes/<public_id>")
@for_tenant(*MANAGERS)
def review(access: Access, public_id: str) -> str:
    """Show what a change costs now and later, to be confirmed."""
    found = quote_by_id(access.tenant.id, public_id, "seats")
    return render_template("seats/quote.html", quote=found, is_valid=is_valid(found))


@blueprint.post("/quotes/<public_id>")
@opens_units_of_work
@for_tenant(*MANAGERS)
def confirm(access: Access, public_id: str) -> ResponseReturnValue:
    """Apply the quote; if it no longer holds, show a fresh one instead."""
    tenant_id, seats_url = access.tenant.id, url_for(".show", slug=access.tenant.slug)
    try:
        intent = confirm_seats(tenant_id, public_id, current_user().id)
        if intent.state == IntentState.WAITING:
            return see_other(url_for("invoices.payment", slug=access.tenant.slug, public_id=public_id))
        seats = f"You now have {intent.params['quantity']:,} seats."
        flash(
            seats if intent.is_synced else f"{seats} It may take a minute until this page shows it.",
            "success",
        )
    except QuoteStale as error:
        flash(error.public_message, "warning")
        return _fresh_quote(access, public_id)
    except (QuoteUsed, ChangeUnderWay, PaymentAwaited) as error:
        flash(error.public_message, "info")
    except CardDeclined as error:
        flash(error.public_message, "error")
        return see_other(url_for("invoices.payment", slug=access.tenant.slug, public_id=public_id))
    except (GatewayRefused, SeatsBelowAssigned, SeatsOutOfRange, SeatsNotForSale, PausedNow) as error:
        flash(f"{error.public_message} Your seats have not changed.", "error")
    return see_other(seats_url)


@blueprint.post("/seats/assign")
@for_tenant(*MANAGERS)
def assign(access: Access) -> ResponseReturnValue:
    """Give a member a seat."""
    member = _member(access)
    try:
        assign_seat(access.tenant.id, member.id, current_user())
        flash(f"{member.user.name} now has a seat.", "success")
    except NoFreeSeat as error:
        flash(error.public_message, "error")
    return see_other(url_for(".show", slug=access.tenant.slug))


@blueprint.post("/seats/release")
@for_tenant(*MANAGERS)
def release(access: Access) -> ResponseReturnValue:
    """Take a member's seat back."""
    member = _member(access)
    if release_seat(access.tenant.id, member.id, current_user()):
        flash(f"{member.user.name} no longer has a seat. It is free again.", "success")
    return see_other(url_for(".show", slug=access.tenant.slug))


def _page(access: Access, form: SeatsForm) -> str:
    page = seats_page(access.tenant.id, page=page_number(request.args.get("page")))
    if not form.is_submitted():
        form.seats.data = page.limit
    return render_template("seats/show.html", form=form, seats=page)


def _member(access: Access) -> Membership:
    public_id = request.form.get("member", "")
    if not is_public_id(public_id):
        raise NotFound("no such member")
    return member_by_public_id(access.tenant.id, public_id)


def _fresh_quote(access: Access, public_id: str) -> ResponseReturnValue:
    """Quote the same number of seats again; back to the seats page if that is no longer possible."""
    tenant_id, slug = access.tenant.id, access.tenant.slug
    stale = quote_by_id(tenant_id, public_id, "seats")
    try:
        fresh = quote_seats(tenant_id, int(stale.change["seats"]), current_user().id)
    except GatewayUnavailable:
        raise
    except PortalError as error:
        flash(error.public_message, "error")
        return see_other(url_for(".show", slug=slug))
    return see_other(url_for(".review", slug=slug, public_id=fresh.public_id))
