"""The operator's console: what needs attention over all tenants, finding a tenant, and helping it."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts.models import User
from portal.kit.errors import NotFound
from portal.kit.pagination import page_number
from portal.operator import act
from portal.operator.access import for_staff
from portal.operator.attention import cases_of, concerns
from portal.operator.dossier import dossier
from portal.operator.find import find_tenants, plan_name, tenant_by_public_id, wanted_words
from portal.operator.forms import EndNowForm, JobForm, PlanForm
from portal.operator.words import INTENT_NAMES
from portal.plans import invitations
from portal.subscriptions.cancel_now import cancel_now_intent
from portal.sync.intents import carry_out, refresh
from portal.tenants.models import Tenant
from portal.web.filters import plural
from portal.web.redirects import see_other
from portal.web.unit_of_work import opens_units_of_work, unit_of_work

blueprint = Blueprint("operator", __name__, url_prefix="/operator")


@blueprint.get("")
@for_staff
def attention(_operator: User) -> str:
    """Show what needs a person, the gravest first."""
    return render_template("operator/attention.html", concerns=concerns())


@blueprint.get("/attention/<kind>")
@for_staff
def cases(_operator: User, kind: str) -> str:
    """Show every case of one kind of trouble, newest first."""
    found, page = cases_of(kind, number=page_number(request.args.get("page")))
    return render_template("operator/cases.html", kind=found, page=page)


@blueprint.get("/tenants")
@for_staff
def tenants(_operator: User) -> str:
    """List the tenants by name; `q` narrows them, `after` turns the page."""
    words = wanted_words(request.args.get("q"))
    after = request.args.get("after")
    results = find_tenants(words, after=after)
    return render_template("operator/tenants.html", words=words, after=after, results=results)


@blueprint.get("/tenants/<public_id>")
@for_staff
def tenant(_operator: User, public_id: str) -> str:
    """Show all the portal knows about a tenant."""
    found = dossier(tenant_by_public_id(public_id))
    return render_template("operator/tenant.html", dossier=found, intent_names=INTENT_NAMES)


@blueprint.post("/tenants/<public_id>/sync")
@opens_units_of_work
@for_staff
def sync(_operator: User, public_id: str) -> ResponseReturnValue:
    """Fetch a tenant's billing state from Stripe now."""
    with unit_of_work():
        found = tenant_by_public_id(public_id)
        act.note_sync(found)
    if refresh(found.id, trigger="operator"):
        flash("The billing state is fetched from Stripe.", "success")
    else:
        flash("Stripe did not answer in time. The worker goes on trying.", "warning")
    return _back_to(found)


@blueprint.route("/tenants/<public_id>/subscriptions/<stripe_id>/end", methods=["GET", "POST"])
@opens_units_of_work
@for_staff
def end_now(operator: User, public_id: str, stripe_id: str) -> ResponseReturnValue:
    """Ask once more, then end one live subscription of a tenant at once."""
    form = EndNowForm()
    found = tenant_by_public_id(public_id)
    subscription = act.live_subscription(found, stripe_id)
    if not form.validate_on_submit():
        status = 422 if request.method == "POST" else 200
        page = {"tenant": found, "subscription": subscription, "plan": plan_name(subscription)}
        return render_template("operator/end_now.html", form=form, **page), status
    with unit_of_work():
        intent = cancel_now_intent(
            found.id,
            operator.id,
            subscription=stripe_id,
            reason=form.reason.data,
            prorate=form.prorate.data,
        )
    is_synced = carry_out(intent).is_synced
    flash(
        "The plan is ended." if is_synced else "The plan is ended. This page shows it in a minute.", "success"
    )
    return _back_to(found)


@blueprint.post("/tenants/<public_id>/usage-reports/reopen")
@for_staff
def reopen_usage(_operator: User, public_id: str) -> ResponseReturnValue:
    """Let refused reports of usage be sent again."""
    found = tenant_by_public_id(public_id)
    count = act.reopen_usage(found)
    flash(f"{plural(count, 'report')} will be sent to Stripe again within minutes.", "success")
    return _back_to(found)


@blueprint.post("/tenants/<public_id>/charges/<quote_public_id>/reviewed")
@for_staff
def review_charge(_operator: User, public_id: str, quote_public_id: str) -> ResponseReturnValue:
    """Take a charge that was not what was shown off the list."""
    found = tenant_by_public_id(public_id)
    act.mark_reviewed(found, quote_public_id)
    flash("The charge is marked as looked at.", "success")
    return _back_to(found)


@blueprint.post("/tenants/<public_id>/invitations")
@for_staff
def open_plan(operator: User, public_id: str) -> ResponseReturnValue:
    """Open a plan that is sold by invitation to a tenant."""
    found, key = _tenant_and_plan(public_id)
    invitations.grant(found.id, key, by=operator)
    flash("The plan is open to this tenant.", "success")
    return _back_to(found)


@blueprint.post("/tenants/<public_id>/invitations/close")
@for_staff
def close_plan(operator: User, public_id: str) -> ResponseReturnValue:
    """Close a plan to a tenant again."""
    found, key = _tenant_and_plan(public_id)
    invitations.revoke(found.id, key, by=operator)
    flash("The plan is closed to this tenant. If it is on it, it keeps it.", "success")
    return _back_to(found)


@blueprint.post("/jobs/replay")
@for_staff
def replay(_operator: User) -> ResponseReturnValue:
    """Give a job that gave up another chance."""
    form = JobForm()
    if not form.validate() or form.job.data is None:
        raise NotFound("no number of a job")
    found = act.try_again(form.job.data)
    flash("The job will be tried again.", "success")
    return see_other(url_for(".attention")) if found is None else _back_to(found)


def _tenant_and_plan(public_id: str) -> tuple[Tenant, str]:
    form = PlanForm()
    if not form.validate():
        raise NotFound("no key of a plan")
    return tenant_by_public_id(public_id), form.plan.data


def _back_to(found: Tenant) -> ResponseReturnValue:
    return see_other(url_for(".tenant", public_id=found.public_id))
