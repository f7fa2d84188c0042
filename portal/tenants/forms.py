"""The shapes of what is typed on the team page and on an invitation."""

from __future__ import annotations

from wtforms import BooleanField, EmailField, PasswordField, RadioField, SelectField, StringField

from portal.accounts.forms import EMAIL_ADDRESS, NEW_PASSWORD, PERSON_NAME
from portal.tenants.models import Role
from portal.web.forms import Form, strip

ROLE_NAMES = {Role.OWNER: "Owner", Role.ADMIN: "Admin", Role.MEMBER: "Member"}
ROLE_MEANINGS = {
    Role.OWNER: "Owner: everything, including other owners",
    Role.ADMIN: "Admin: plans, seats, invoices, members and API keys",
    Role.MEMBER: "Member: sees the overview, the usage and their own seat",
}


def roles_given_by(role: Role) -> list[Role]:
    """Return the roles that somebody with this role may give."""
    return [Role.OWNER, Role.ADMIN, Role.MEMBER] if role is Role.OWNER else [Role.ADMIN, Role.MEMBER]


class InviteForm(Form):
    """Whom to invite, as what. `offer` sets the roles the inviter may give."""

    email = EmailField("E-mail", filters=[strip], validators=EMAIL_ADDRESS)
    role = SelectField("Role", default=Role.MEMBER)
    with_seat = BooleanField("Give them a seat when they join, if one is free", default=True)

    def offer(self, role: Role) -> InviteForm:
        """Offer the roles that somebody with `role` may give."""
        self.role.choices = [(str(each), ROLE_NAMES[each]) for each in reversed(roles_given_by(role))]
        return self


class RoleForm(Form):
    """A member's new role."""

    role = RadioField("Role")

    def offer(self, role: Role) -> RoleForm:
        """Offer the roles that somebody with `role` may give."""
        self.role.choices = [(str(each), ROLE_MEANINGS[each]) for each in roles_given_by(role)]
        return self


class JoinForm(Form):
    """A new person's name and password; their address is the invitation's."""

    name = StringField("Your name", filters=[strip], validators=PERSON_NAME)
    password = PasswordField("Password", validators=NEW_PASSWORD)
