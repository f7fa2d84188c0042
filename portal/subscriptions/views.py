"""The overview, Checkout and its return, cancelling and resuming."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.customers.queries import now_of
from portal.extensions import open_for_writing
from portal.gateway.errors import GatewayRefused
from portal.invoices.queries import upcoming_invoice
from portal.plans.catalog import current_catalog
from portal.seats.limits import lock_seats
from portal.seats.queries import seats_assigned
from portal.subscriptions.banners import banners_for
from portal.subscriptions.cancel import cancel_intent, cancellable, resume_intent
from portal.subscriptions.checkout import AlreadySubscribed, PlanNotForSale, SeatsOutOfRange, WayBack
from portal.subscriptions.composition import composition, seat_use
from portal.subscriptions.currency import CurrencyLocked, CurrencyNotOffered
from portal.subscriptions.current import current_plan, payer_of
from portal.subscriptions.forms import CancelForm, CheckoutForm, PauseForm
from portal.subscriptions.pause import pausable, pause_intent, pause_of, unpause_intent
from portal.subscriptions.planned import planned_change
from portal.subscriptions.plans_page import plans_page
from portal.subscriptions.retention import accept_intent, offer_for
from portal.sync.checkout import return_from_checkout, start_checkout
from portal.sync.intents import carry_out
from portal.tenants.access import MANAGERS, Access, for_tenant
from portal.usage.drawing import unit_name
from portal.usage.lately import used_lately
from portal.usage.period import period_of
from portal.usage.so_far import use_so_far
from portal.web.current import current_user
from portal.web.filters import day
from portal.web.redirects import see_other, to_stripe
from portal.web.unit_of_work import opens_units_of_work, unit_of_work

blueprint = Blueprint("subscriptions", __name__, url_prefix="/t/<slug>")
RETURNED = {
    "complete": ("Thank you. Your plan has started.", "success"),
    "open": ("The payment is not finished yet. Nothing was charged.", "warning"),
    "expired": ("The payment page has expired. Nothing was charged.", "warning"),
    "unknown": (
        "Our payment provider is not answering right now. If you have paid, your plan appears here within minutes.",
        "warning",
    ),
}
STILL_OPEN = (
    "Something on your account is still open in the currency you were billed in before. Please choose a plan in that "
    "currency, or ask us to settle it first."
)
REFRESHING = "Saved. It may take a minute until this page shows it."


@blueprint.get("/overview")
@for_tenant()
def overview(access: Access) -> ResponseReturnValue:
    """Show where the tenant stands: plan, next invoice, seats, usage and how it is paid."""
    tenant_id = access.tenant.id
    current, payer = current_plan(tenant_id), payer_of(tenant_id)
    now = now_of(payer.customer)
    period = period_of(current.subscription, now)
    pay_url = url_for("invoices.index", slug=access.tenant.slug) if access.can_manage else None
    return render_template(
        "subscriptions/overview.html",
        current=current,
        payer=payer,
        period=period,
        components=composition(current_catalog(), current),
        seats=seat_use(current, held=seats_assigned(tenant_id)),
        uses=use_so_far(tenant_id, current, period),
        planned=planned_change(current.subscription),
        upcoming=upcoming_invoice(tenant_id) if access.can_manage else None,
        banners=banners_for(current.subscription, now, pay_url=pay_url, pause=pause_of(current.subscription)),
        unit_name=unit_name,
    )


@blueprint.post("/checkout")
@opens_units_of_work
@for_tenant(*MANAGERS)
def checkout(access: Access) -> ResponseReturnValue:
    """Send the person to the hosted page on which the chosen plan is paid."""
    form, tenant = CheckoutForm(), access.tenant
    if not form.validate_on_submit():
        return _plans_again(tenant.id, form, form.problem)
    try:
        url = start_checkout(tenant, form.choice, _way_back(tenant.slug, form), current_user().id)
    except (PlanNotForSale, SeatsOutOfRange, CurrencyNotOffered, CurrencyLocked) as error:
        return _plans_again(tenant.id, form, error.public_message)
    except GatewayRefused as error:
        # Something that only Stripe knows of may still be open, such as an item of the next invoice.
        return _plans_again(
            tenant.id, form, STILL_OPEN if error.param == "currency" else error.public_message
        )
    except AlreadySubscribed as error:
        flash(error.public_message, "warning")
        return see_other(url_for(".overview", slug=tenant.slug))
    return to_stripe(url)


@blueprint.get("/checkout/return")
@for_tenant(*MANAGERS)
def checkout_return(access: Access) -> ResponseReturnValue:
    """Show the truth at once when somebody comes back from paying, whether or not a webhook has come."""
    tenant_id, slug = access.tenant.id, access.tenant.slug
    open_for_writing()
    returned = return_from_checkout(tenant_id, request.args.get("session_id", ""))
    message, category = RETURNED[returned.state]
    flash(message if returned.is_synced or returned.state == "unknown" else REFRESHING, category)
    return see_other(url_for(".overview", slug=slug))


@blueprint.route("/cancel", methods=["GET", "POST"])
@opens_units_of_work
@for_tenant(*MANAGERS)
def cancel(access: Access) -> ResponseReturnValue:
    """Ask once more, then plan the end of the subscription for the end of its period."""
    form, tenant = CancelForm(), access.tenant
    subscription = cancellable(tenant.id)
    if not form.validate_on_submit():
        page = {"form": form, "subscription": subscription, "offer": offer_for(tenant.id)}
        return render_template("subscriptions/cancel.html", **page), 422 if form.is_submitted() else 200
    with unit_of_work():
        lock_seats(tenant.id)
        intent = cancel_intent(tenant.id, current_user().id, reason=form.reason.data or "")
    # The banner of the page that follows says when the plan ends, if it does not end at once.
    ended = "Your plan is cancelled. You are on the free plan now."
    saved = "Your cancellation is saved. A mail confirms it."
    return _carried(tenant.slug, carry_out(intent).is_synced, ended if intent.params["at_once"] else saved)


@blueprint.post("/resume")
@opens_units_of_work
@for_tenant(*MANAGERS)
def resume(access: Access) -> ResponseReturnValue:
    """Take a planned end back."""
    with unit_of_work():
        intent = resume_intent(access.tenant.id, current_user().id)
    return _carried(access.tenant.slug, carry_out(intent).is_synced, "Your plan continues.")


@blueprint.post("/cancel/stay")
@opens_units_of_work
@for_tenant(*MANAGERS)
def accept_offer(access: Access) -> ResponseReturnValue:
    """Take the offer made to who wants to cancel."""
    with unit_of_work():
        lock_seats(access.tenant.id)
        intent = accept_intent(access.tenant.id, current_user().id)
    terms = intent.params
    coming = "next invoice is" if terms["months"] == 1 else f"next {terms['months']} monthly invoices are"
    less = f"Thank you for staying. Your {coming} {terms['percent_off']}% lower."
    return _carried(access.tenant.slug, carry_out(intent).is_synced, less)


@blueprint.route("/pause", methods=["GET", "POST"])
@opens_units_of_work
@for_tenant(*MANAGERS)
def pause(access: Access) -> ResponseReturnValue:
    """Say what a pause means and ask for how long, then pause."""
    form, tenant = PauseForm(), access.tenant
    subscription, ends = pausable(tenant.id)
    form.months.choices = [(months, day(at)) for months, at in enumerate(ends, start=1)]
    if not form.validate_on_submit():
        page = {"form": form, "subscription": subscription}
        return render_template("subscriptions/pause.html", **page), 422 if form.is_submitted() else 200
    with unit_of_work():
        lock_seats(tenant.id)
        intent = pause_intent(tenant.id, current_user().id, months=form.months.data)
    return _carried(tenant.slug, carry_out(intent).is_synced, "Your pause is saved. A mail confirms it.")


@blueprint.post("/unpause")
@opens_units_of_work
@for_tenant(*MANAGERS)
def unpause(access: Access) -> ResponseReturnValue:
    """Go on with a paused plan; where its invoice was not paid at once, show it."""
    slug = access.tenant.slug
    with unit_of_work():
        lock_seats(access.tenant.id)
        intent = unpause_intent(access.tenant.id, current_user().id)
    done = carry_out(intent)
    if (done.result or {}).get("is_paused"):
        flash("The payment has not succeeded yet. Please pay the invoice; your plan then goes on.", "warning")
        return see_other(url_for("invoices.index", slug=slug))
    return _carried(slug, done.is_synced, "Your plan goes on.")


def _plans_again(tenant_id: int, form: CheckoutForm, problem: str | None) -> ResponseReturnValue:
    page = plans_page(tenant_id, form.view, used_lately=used_lately, problem=problem)
    return render_template("plans/compare.html", was_cancelled=False, **page), 422


def _way_back(slug: str, form: CheckoutForm) -> WayBack:
    base = current_app.config["PORTAL"].public_url
    shown = {"interval": form.interval.data, "currency": form.currency.data or None}
    paid = url_for(".checkout_return", slug=slug)
    # Stripe fills in the braces; url_for would escape them.
    return WayBack(
        paid=f"{base}{paid}?session_id={{CHECKOUT_SESSION_ID}}",
        cancelled=base + url_for("plans.compare", slug=slug, checkout="cancelled", **shown),
    )


def _carried(slug: str, is_synced: bool, message: str) -> ResponseReturnValue:
    flash(message if is_synced else REFRESHING, "success")
    return see_other(url_for(".overview", slug=slug))
