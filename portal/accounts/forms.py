"""The shapes of what people type about themselves."""

from __future__ import annotations

from wtforms import EmailField, Field, PasswordField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from portal.accounts.addresses import normalise_email
from portal.accounts.passwords import LONGEST, SHORTEST
from portal.web.forms import Form, plain_text, strip


def email_address(_form: Form, field: Field) -> None:
    """Check an address and leave it in the form in which we store addresses."""
    try:
        field.data = normalise_email(field.data or "")
    except ValueError as error:
        raise ValidationError(str(error)) from error


PERSON_NAME = (DataRequired("Please enter your name."), Length(max=120), plain_text)
EMAIL_ADDRESS = (DataRequired("Please enter an e-mail address."), Length(max=254), email_address)
NEW_PASSWORD = (
    DataRequired("Please choose a password."),
    Length(
        min=SHORTEST,
        max=LONGEST,
        message=f"Please use {SHORTEST} to {LONGEST} characters. Several words are easy to remember.",
    ),
)


class SignUpForm(Form):
    """A person and their organisation."""

    name = StringField("Your name", filters=[strip], validators=PERSON_NAME)
    organisation = StringField(
        "Company or team",
        filters=[strip],
        validators=[
            DataRequired("Please enter the name of your company or team."),
            Length(max=120),
            plain_text,
        ],
    )
    email = EmailField("Work e-mail", filters=[strip], validators=EMAIL_ADDRESS)
    password = PasswordField("Password", validators=NEW_PASSWORD)


class SignInForm(Form):
    """Address and password. The password's length is not checked: that would tell what passwords look like here."""

    email = EmailField("E-mail", filters=[strip], validators=EMAIL_ADDRESS)
    password = PasswordField(
        "Password", validators=[DataRequired("Please enter your password."), Length(max=1000)]
    )


class ForgotForm(Form):
    """Where to send the link."""

    email = EmailField("E-mail", filters=[strip], validators=EMAIL_ADDRESS)


class ResetForm(Form):
    """The new password."""

    password = PasswordField("New password", validators=NEW_PASSWORD)


class ProfileForm(Form):
    """What colleagues see of a person."""

    name = StringField("Your name", filters=[strip], validators=PERSON_NAME)


class ChangePasswordForm(Form):
    """The old password and the new one."""

    current = PasswordField(
        "Current password",
        validators=[DataRequired("Please enter your current password."), Length(max=1000)],
    )
    password = PasswordField("New password", validators=NEW_PASSWORD)
