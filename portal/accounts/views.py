"""The pages of signing up, in and out, of resetting a password, and of what people change about themselves."""

from __future__ import annotations

import structlog
from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import passwords, sessions, throttle
from portal.accounts.authenticate import WrongCredentials, authenticate
from portal.accounts.browsers import browser_name
from portal.accounts.change import WrongPassword, change_password, rename
from portal.accounts.create import EmailTaken, create_user
from portal.accounts.forms import (
    ChangePasswordForm,
    ForgotForm,
    ProfileForm,
    ResetForm,
    SignInForm,
    SignUpForm,
)
from portal.accounts.queries import open_sessions
from portal.accounts.reset import LinkGone, is_open, request_reset, reset_password
from portal.audit.record import record
from portal.customers.begin import begin_customer
from portal.customers.ensure import ensure_customer
from portal.gateway.errors import GatewayUnavailable
from portal.kit.ids import digest
from portal.tenants import access
from portal.tenants.found import found_tenant
from portal.tenants.tenancies import home_slug
from portal.web.current import current_user, is_signed_in, signed_in
from portal.web.redirects import own_path, see_other
from portal.web.unit_of_work import opens_units_of_work, unit_of_work

log = structlog.get_logger("accounts")
blueprint = Blueprint("accounts", __name__)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Lead to where the person works; say so if they belong nowhere."""
    if not is_signed_in():
        return redirect(url_for("accounts.sign_in"))
    slug = home_slug(current_user().id)
    if slug is None and current_user().is_staff:
        return redirect(url_for("operator.attention"))
    if slug is None:
        return render_template("accounts/no_tenant.html")
    return redirect(url_for("subscriptions.overview", slug=slug))


@blueprint.route("/sign-up", methods=["GET", "POST"])
@opens_units_of_work
def sign_up() -> ResponseReturnValue:
    """Make a user, their organisation and its customer."""
    if request.method == "GET" and is_signed_in():
        return redirect(url_for("accounts.home"))
    form = SignUpForm()
    if form.validate_on_submit():
        throttle.spend((throttle.SIGN_UP_ADDRESS, throttle.network_of(request.remote_addr)))
        try:
            return _open_account(form)
        except passwords.WeakPassword as refusal:
            form.refuse(refusal, "password")
        except EmailTaken as refusal:
            form.refuse(refusal, "email")
    return render_template("accounts/sign_up.html", form=form), 422 if form.is_submitted() else 200


@blueprint.route("/sign-in", methods=["GET", "POST"])
@opens_units_of_work
def sign_in() -> ResponseReturnValue:
    """Recognise a person and lead them to where they wanted to go."""
    goal = own_path(request.args.get("next"))
    if request.method == "GET" and is_signed_in():
        return redirect(goal or url_for("accounts.home"))
    form = SignInForm()
    if form.validate_on_submit():
        network = throttle.network_of(request.remote_addr)
        try:
            user = authenticate(form.email.data, form.password.data, network=network)
        except WrongCredentials as refusal:
            form.refuse(refusal)
        else:
            with unit_of_work():
                sessions.begin(user)
                record("user.signed_in", tenant_id=None, object_type="user", object_id=user.public_id)
            return see_other(goal or url_for("accounts.home"))
    status = 422 if form.is_submitted() else 200
    return render_template("accounts/sign_in.html", form=form, goal=goal), status


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this browser's session."""
    if is_signed_in():
        user = current_user()
        record("user.signed_out", tenant_id=None, object_type="user", object_id=user.public_id)
    sessions.end()
    flash("You are signed out.", "success")
    return see_other(url_for("accounts.sign_in"))


@blueprint.route("/reset", methods=["GET", "POST"])
@opens_units_of_work
def forgot() -> ResponseReturnValue:
    """Send a link to choose a new password; the answer never tells whether the address has an account."""
    form = ForgotForm()
    if not form.validate_on_submit():
        return render_template("accounts/forgot.html", form=form), 422 if form.is_submitted() else 200
    network = throttle.network_of(request.remote_addr)
    throttle.spend((throttle.RESET_ACCOUNT, form.email.data), (throttle.RESET_ADDRESS, network))
    with unit_of_work():
        request_reset(form.email.data)
    return see_other(url_for("accounts.forgot_sent"))


@blueprint.get("/reset/sent")
def forgot_sent() -> str:
    """Say that a mail is on its way, if there is an account."""
    return render_template("accounts/forgot_sent.html")


@blueprint.route("/reset/<token>", methods=["GET", "POST"])
@opens_units_of_work
def reset(token: str) -> ResponseReturnValue:
    """Choose a new password by the link of a mail."""
    with unit_of_work():
        if not is_open(token):
            raise LinkGone
    form = ResetForm()
    if form.validate_on_submit():
        try:
            passwords.refuse_weak(form.password.data)
        except passwords.WeakPassword as refusal:
            form.refuse(refusal, "password")
        else:
            hashed = passwords.hash_password(form.password.data)
            with unit_of_work():
                reset_password(token, hashed)
                sessions.end()
            flash("Your password is changed. Please sign in with it.", "success")
            return see_other(url_for("accounts.sign_in"))
    status = 422 if form.is_submitted() else 200
    return render_template("accounts/reset.html", form=form, token=token), status


@blueprint.errorhandler(LinkGone)
def link_gone(_error: LinkGone) -> ResponseReturnValue:
    """Explain a link that no longer works. The link itself is not logged."""
    return render_template("accounts/link_gone.html"), LinkGone.status


@blueprint.get("/account")
@signed_in
def show() -> ResponseReturnValue:
    """Show a person their name, password form and signed-in browsers."""
    return _account_page()


@blueprint.post("/account/name")
@signed_in
def change_name() -> ResponseReturnValue:
    """Change the name that colleagues see."""
    form = ProfileForm()
    if not form.validate():
        return _account_page(profile=form), 422
    rename(current_user(), form.name.data)
    flash("Your name is saved.", "success")
    return see_other(url_for("accounts.show"))


@blueprint.post("/account/password")
@opens_units_of_work
@signed_in
def choose_password() -> ResponseReturnValue:
    """Change the password and sign the other browsers out."""
    form = ChangePasswordForm()
    with unit_of_work():
        user = current_user()
    if form.validate():
        try:
            change_password(user, current=form.current.data, new=form.password.data)
        except WrongPassword as refusal:
            form.refuse(refusal, "current")
        except passwords.WeakPassword as refusal:
            form.refuse(refusal, "password")
        else:
            flash("Your password is changed. Your other browsers are signed out.", "success")
            return see_other(url_for("accounts.show"))
    return _account_page(password=form), 422


@blueprint.post("/account/sessions/<public_id>/end")
@signed_in
def end_session(public_id: str) -> ResponseReturnValue:
    """Sign one browser of the person out."""
    sessions.end_one(current_user(), public_id)
    record("session.ended", tenant_id=None, object_type="session", object_id=public_id)
    flash("That browser is signed out.", "success")
    return see_other(url_for("accounts.show"))


@blueprint.post("/account/sessions/end-others")
@signed_in
def end_other_sessions() -> ResponseReturnValue:
    """Sign every other browser of the person out."""
    user = current_user()
    ended = sessions.end_others(user)
    record("sessions.ended", tenant_id=None, object_type="user", object_id=user.public_id, count=ended)
    flash("All other browsers are signed out.", "success")
    return see_other(url_for("accounts.show"))


def _open_account(form: SignUpForm) -> ResponseReturnValue:
    passwords.refuse_weak(form.password.data, form.email.data, form.name.data, form.organisation.data)
    hashed = passwords.hash_password(form.password.data)
    with unit_of_work():
        user = create_user(email=form.email.data, name=form.name.data, password_hash=hashed)
        tenant = found_tenant(form.organisation.data, user)
        begin_customer(tenant)
        sessions.begin(user)
    try:
        ensure_customer(tenant.id)
    except GatewayUnavailable as error:
        log.warning("customer_left_to_job", tenant=tenant.public_id, reason=error.code)
    flash(f"Welcome, {user.name}. You start on the free plan.", "success")
    return see_other(url_for("subscriptions.overview", slug=tenant.slug))


def _account_page(profile: ProfileForm | None = None, password: ChangePasswordForm | None = None) -> str:
    user = current_user()
    slug = home_slug(user.id)
    if slug is not None:
        access.load(slug, user.id)  # the page stands inside the tenant the person came from
    return render_template(
        "accounts/account.html",
        profile=profile or ProfileForm(formdata=None, obj=user),
        password=password or ChangePasswordForm(formdata=None),
        sessions=[(each, browser_name(each.user_agent)) for each in open_sessions(user.id)],
        here=digest(user.session_secret),
        in_tenant=g.get("access") is not None,
    )
