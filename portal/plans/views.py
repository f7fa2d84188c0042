"""The page that compares the plans, and the way to another one: quoted first, confirmed, or taken back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.gateway.errors import CardDeclined, GatewayRefused, GatewayUnavailable
from portal.intents.models import IntentState
from portal.kit.clock import from_unix
from portal.kit.errors import NotFound, PortalError
from portal.plans.catalog import current_catalog
from portal.seats.queries import seat_holders
from portal.subscriptions.change import SeatsToChoose
from portal.subscriptions.confirm_change import change_of, choice_of
from portal.subscriptions.current import current_plan
from portal.subscriptions.forms import CheckoutForm
from portal.subscriptions.impact import losses
from portal.subscriptions.models import Quote
from portal.subscriptions.plans_page import View, plans_page
from portal.subscriptions.quotes import ChangeUnderWay, PaymentAwaited, QuoteStale, QuoteUsed, quote_by_id
from portal.sync.changes import confirm_plan, keep_plan, quote_plan
from portal.tenants.access import MANAGERS, Access, for_tenant
from portal.usage.lately import used_lately
from portal.usage.period import period_of
from portal.usage.so_far import use_so_far
from portal.usage.summary import MeterUse
from portal.web.current import current_user
from portal.web.filters import day
from portal.web.redirects import see_other
from portal.web.unit_of_work import opens_units_of_work

blueprint = Blueprint("plans", __name__, url_prefix="/t/<slug>")
LATER = "It may take a minute until this page shows it."


@blueprint.get("/plans")
@for_tenant()
def compare(access: Access) -> ResponseReturnValue:
    """Show all plans with their prices by the month or by the year."""
    asked = request.args
    view = View(asked.get("interval"), asked.get("currency"), asked.get("plan"))
    page = plans_page(access.tenant.id, view, used_lately=used_lately)
    return render_template("plans/compare.html", was_cancelled=asked.get("checkout") == "cancelled", **page)


@blueprint.post("/plans")
@opens_units_of_work
@for_tenant(*MANAGERS)
def quote(access: Access) -> ResponseReturnValue:
    """Ask what another plan costs and show the quote."""
    form, tenant = CheckoutForm(), access.tenant
    if not form.validate_on_submit():
        return _plans_again(tenant.id, form, form.problem)
    choice = form.choice
    try:
        made = quote_plan(tenant.id, choice, current_user().id)
    except GatewayUnavailable:
        raise
    except PortalError as error:
        return _plans_again(tenant.id, form, error.public_message)
    return see_other(url_for(".review", slug=tenant.slug, public_id=made.public_id))


@blueprint.get("/plans/<public_id>")
@for_tenant(*MANAGERS)
def review(access: Access, public_id: str) -> str:
    """Show what another plan costs now and later and what it takes away, to be confirmed."""
    return _quote_page(access, public_id)


@blueprint.post("/plans/<public_id>")
@opens_units_of_work
@for_tenant(*MANAGERS)
def confirm(access: Access, public_id: str) -> ResponseReturnValue:
    """Apply the quote; if it no longer holds, show a fresh one instead."""
    tenant_id, overview = access.tenant.id, url_for("subscriptions.overview", slug=access.tenant.slug)
    try:
        intent = confirm_plan(tenant_id, public_id, current_user().id, keep=request.form.getlist("keep"))
    except SeatsToChoose as error:
        return _quote_page(access, public_id, problem=error.public_message), 422
    except QuoteStale as error:
        flash(error.public_message, "warning")
        return _fresh_quote(access, public_id)
    except (QuoteUsed, ChangeUnderWay, PaymentAwaited) as error:
        flash(error.public_message, "info")
        return see_other(overview)
    except CardDeclined as error:
        flash(error.public_message, "error")
        return see_other(url_for("invoices.payment", slug=access.tenant.slug, public_id=public_id))
    except GatewayRefused as error:
        flash(f"{error.public_message} Your plan has not changed.", "error")
        return see_other(overview)
    if intent.state == IntentState.WAITING:
        return see_other(url_for("invoices.payment", slug=access.tenant.slug, public_id=public_id))
    flash(_done(intent.params, intent.result or {}, is_synced=intent.is_synced), "success")
    return see_other(overview)


@blueprint.post("/plans/keep")
@opens_units_of_work
@for_tenant(*MANAGERS)
def keep(access: Access) -> ResponseReturnValue:
    """Take the planned change back."""
    intent = keep_plan(access.tenant.id, current_user().id)
    flash(
        "Your plan stays as it is." if intent.is_synced else f"Your plan stays as it is. {LATER}", "success"
    )
    return see_other(url_for("subscriptions.overview", slug=access.tenant.slug))


def _quote_page(access: Access, public_id: str, *, problem: str | None = None) -> str:
    tenant_id, catalog = access.tenant.id, current_catalog()
    found, holders = quote_by_id(tenant_id, public_id, "change"), seat_holders(tenant_id)
    held, capacity = len(holders), found.change["capacity"]
    before, after = (catalog.plans.get(each["plan"]) for each in (found.change["before"], found.change))
    if before is None or after is None:
        raise NotFound(f"the plans of quote {public_id} are no longer in the catalogue")
    used = {use.meter.key: use.used for use in _uses(tenant_id, found)}
    return render_template(
        "plans/quote.html",
        quote=found,
        is_valid=change_of(found, held=held) is not None,
        before=before,
        after=after,
        losses=losses(catalog, before, after, used=used, held=held, capacity=capacity),
        held=held,
        holders=holders if held > capacity else (),
        keep=request.form.getlist("keep") or [each.public_id for each in holders[:capacity]],
        problem=problem,
    )


def _plans_again(tenant_id: int, form: CheckoutForm, problem: str | None) -> ResponseReturnValue:
    page = plans_page(tenant_id, form.view, used_lately=used_lately, problem=problem)
    return render_template("plans/compare.html", was_cancelled=False, **page), 422


def _uses(tenant_id: int, quote: Quote) -> list[MeterUse]:
    current = current_plan(tenant_id)
    return use_so_far(tenant_id, current, period_of(current.subscription, quote.created_at))


def _done(params: dict[str, Any], result: dict[str, Any], *, is_synced: bool) -> str:
    plan = current_catalog().plans[params["plan"]].name
    if "effective" in result:
        words = f"The change to {plan} on {day(from_unix(result['effective']))} is planned."
    else:
        words = f"You are on {plan} now, billed by the {params['interval']}."
    return words if is_synced else f"{words} {LATER}"


def _fresh_quote(access: Access, public_id: str) -> ResponseReturnValue:
    """Quote the same choice again; back to the plans if that is no longer possible."""
    tenant_id, slug = access.tenant.id, access.tenant.slug
    stale = quote_by_id(tenant_id, public_id, "change")
    try:
        fresh = quote_plan(tenant_id, choice_of(stale), current_user().id)
    except GatewayUnavailable:
        raise
    except PortalError as error:
        flash(error.public_message, "error")
        return see_other(url_for(".compare", slug=slug))
    return see_other(url_for(".review", slug=slug, public_id=fresh.public_id))
