"""The team page: members, roles, invitations, and the page behind the link of an invitation."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts import passwords, sessions, throttle
from portal.accounts.create import EmailTaken, create_user
from portal.accounts.models import User
from portal.accounts.queries import user_by_email
from portal.kit.clock import utcnow
from portal.kit.pagination import cut, page_number
from portal.seats.assign import give_on_acceptance
from portal.seats.queries import holders, holds_seat
from portal.seats.release import remove_member
from portal.tenants.accept import InvitationGone, OtherAddress, accept_invitation, invitation_by_token
from portal.tenants.access import Access, for_tenant
from portal.tenants.forms import ROLE_NAMES, InviteForm, JoinForm, RoleForm, roles_given_by
from portal.tenants.invite import WITH_ARTICLE, AlreadyInvited, AlreadyMember, invite, invite_again, revoke
from portal.tenants.models import Invitation, Membership, Role
from portal.tenants.queries import (
    member_by_public_id,
    open_invitation,
    open_invitations,
    tenant_by_id,
)
from portal.tenants.roles import LastOwner, change_role, check_may_remove, count_owners
from portal.web.current import current_user, is_signed_in
from portal.web.redirects import see_other
from portal.web.unit_of_work import opens_units_of_work, unit_of_work

blueprint = Blueprint("team", __name__)
MANAGERS = (Role.OWNER, Role.ADMIN)
PAGE_SIZE = 50


@blueprint.get("/t/<slug>/team")
@for_tenant()
def show(access: Access) -> str:
    """List the members; owners and admins also see the invitations and the form to invite."""
    return _team_page(access, InviteForm(formdata=None).offer(access.role))


@blueprint.post("/t/<slug>/team/invitations")
@opens_units_of_work
@for_tenant(*MANAGERS)
def send_invitation(access: Access) -> ResponseReturnValue:
    """Invite an address by mail."""
    form = InviteForm().offer(access.role)
    with unit_of_work():
        actor = access.membership
    if form.validate():
        throttle.spend((throttle.INVITE_TENANT, access.tenant.public_id))
        try:
            with unit_of_work():
                role = Role(form.role.data)
                invite(actor, email=form.email.data, role=role, with_seat=form.with_seat.data)
        except (AlreadyMember, AlreadyInvited) as refusal:
            form.refuse(refusal, "email")
        else:
            flash(f"The invitation to {form.email.data} is on its way.", "success")
            return see_other(url_for("team.show", slug=access.tenant.slug))
    return _team_page(access, form), 422


@blueprint.post("/t/<slug>/team/invitations/<public_id>/again")
@opens_units_of_work
@for_tenant(*MANAGERS)
def send_again(access: Access, public_id: str) -> ResponseReturnValue:
    """Mail a new link; the old one stops working."""
    with unit_of_work():
        actor = access.membership
    throttle.spend((throttle.INVITE_TENANT, access.tenant.public_id))
    with unit_of_work():
        invitation = open_invitation(access.tenant.id, public_id)
        invite_again(actor, invitation)
    flash(f"The invitation to {invitation.email} is on its way again.", "success")
    return see_other(url_for("team.show", slug=access.tenant.slug))


@blueprint.post("/t/<slug>/team/invitations/<public_id>/revoke")
@for_tenant(*MANAGERS)
def revoke_invitation(access: Access, public_id: str) -> ResponseReturnValue:
    """Take an invitation back."""
    invitation = open_invitation(access.tenant.id, public_id)
    revoke(access.membership, invitation)
    flash(f"The invitation to {invitation.email} is taken back.", "success")
    return see_other(url_for("team.show", slug=access.tenant.slug))


@blueprint.get("/t/<slug>/team/<public_id>")
@for_tenant(*MANAGERS)
def member(access: Access, public_id: str) -> str:
    """Show one member with what may be changed about them."""
    return _member_page(access, member_by_public_id(access.tenant.id, public_id))


@blueprint.post("/t/<slug>/team/<public_id>/role")
@for_tenant(*MANAGERS)
def give_role(access: Access, public_id: str) -> ResponseReturnValue:
    """Give a member another role."""
    target = member_by_public_id(access.tenant.id, public_id)
    form = RoleForm().offer(access.role)
    if form.validate():
        try:
            change_role(target, Role(form.role.data), access.membership)
        except LastOwner as refusal:
            form.refuse(refusal, "role")
        else:
            flash(f"{target.user.name} is now {WITH_ARTICLE[Role(target.role)]}.", "success")
            return see_other(url_for("team.show", slug=access.tenant.slug))
    return _member_page(access, target, form), 422


@blueprint.post("/t/<slug>/team/<public_id>/remove")
@for_tenant(*MANAGERS)
def remove(access: Access, public_id: str) -> ResponseReturnValue:
    """End a membership and free the seat."""
    target = member_by_public_id(access.tenant.id, public_id)
    check_may_remove(access.membership, target)
    name = target.user.name
    remove_member(access.tenant.id, target, current_user())
    flash(f"{name} is no longer a member.", "success")
    return see_other(url_for("team.show", slug=access.tenant.slug))


@blueprint.post("/t/<slug>/team/leave")
@for_tenant()
def leave(access: Access) -> ResponseReturnValue:
    """End one's own membership."""
    check_may_remove(access.membership, access.membership)
    remove_member(access.tenant.id, access.membership, current_user())
    flash(f"You left {access.tenant.name}.", "success")
    return see_other(url_for("accounts.home"))


@blueprint.route("/invite/<token>", methods=["GET", "POST"])
@opens_units_of_work
def accept(token: str) -> ResponseReturnValue:
    """Join a tenant by the link of an invitation: signed in with its address, or by making an account for it."""
    with unit_of_work():
        invitation = invitation_by_token(token)
        user = current_user() if is_signed_in() else None
        has_account = user is not None or user_by_email(invitation.email) is not None
    if user is not None and user.email != invitation.email:
        return _invitation_page("other_address", token, invitation), OtherAddress.status
    form = JoinForm(formdata=None) if has_account else JoinForm()
    if request.method == "GET" or (user is None and has_account):
        return _invitation_page(
            "join" if user else "sign_in" if has_account else "sign_up", token, invitation, form
        )
    if user is not None:
        return _join(token, user)
    if form.validate():
        try:
            return _join_as_new(token, invitation, form)
        except passwords.WeakPassword as refusal:
            form.refuse(refusal, "password")
        except EmailTaken as refusal:
            form.refuse(refusal)
    return _invitation_page("sign_up", token, invitation, form), 422


@blueprint.errorhandler(InvitationGone)
def invitation_gone(_error: InvitationGone) -> ResponseReturnValue:
    """Explain a link that no longer works. The link itself is not logged."""
    return render_template("team/invitation_gone.html"), InvitationGone.status


def _join(token: str, user: User) -> ResponseReturnValue:
    with unit_of_work():
        return _joined(token, user)


def _join_as_new(token: str, invitation: Invitation, form: JoinForm) -> ResponseReturnValue:
    passwords.refuse_weak(form.password.data, invitation.email, form.name.data)
    hashed = passwords.hash_password(form.password.data)
    with unit_of_work():
        user = create_user(email=invitation.email, name=form.name.data, password_hash=hashed)
        sessions.begin(user)
        return _joined(token, user)


def _joined(token: str, user: User) -> ResponseReturnValue:
    invitation = invitation_by_token(token)
    membership = accept_invitation(invitation, user)
    words = f"Welcome to {membership.tenant.name}."
    if invitation.with_seat:
        has_seat = give_on_acceptance(membership)
        words += (
            " You have a seat."
            if has_seat
            else " All seats are taken at the moment; an admin can give you one."
        )
    flash(words, "success")
    return see_other(url_for("subscriptions.overview", slug=membership.tenant.slug))


def _team_page(access: Access, form: InviteForm) -> str:
    number = page_number(request.args.get("page"))
    rows = holders(access.tenant.id, limit=PAGE_SIZE + 1, offset=(number - 1) * PAGE_SIZE)
    return render_template(
        "team/team.html",
        form=form,
        page=cut(rows, number=number, size=PAGE_SIZE),
        invitations=open_invitations(access.tenant.id) if access.can_manage else [],
        role_names=ROLE_NAMES,
        may_give=roles_given_by(access.role),
        only_owner=access.role is Role.OWNER and count_owners(access.tenant.id) == 1,
        now=utcnow(),
    )


def _member_page(access: Access, target: Membership, form: RoleForm | None = None) -> str:
    return render_template(
        "team/member.html",
        member=target,
        form=form or RoleForm(formdata=None, role=target.role).offer(access.role),
        has_seat=holds_seat(access.tenant.id, target.id),
        may_change=access.role is Role.OWNER or target.role != Role.OWNER,
        only_owner=target.role == Role.OWNER and count_owners(access.tenant.id) == 1,
        role_name=ROLE_NAMES[Role(target.role)],
    )


def _invitation_page(state: str, token: str, invitation: Invitation, form: JoinForm | None = None) -> str:
    return render_template(
        "team/accept.html",
        state=state,
        token=token,
        invitation=invitation,
        tenant=tenant_by_id(invitation.tenant_id),
        role=WITH_ARTICLE[Role(invitation.role)],
        form=form,
    )
