"""The forms about a plan: choosing one, and cancelling it. Shape only."""

from __future__ import annotations

import unicodedata

from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from portal.subscriptions.cancel import LONGEST_REASON
from portal.subscriptions.checkout import Choice
from portal.subscriptions.plans_page import View
from portal.web.forms import Form, WholeNumberField, strip


class CheckoutForm(Form):
    """A plan, an interval, for plans sold by the seat a number of seats, and a currency where there is a choice."""

    plan = StringField("Plan", [InputRequired("Please choose a plan."), Length(max=40)])
    interval = StringField("Interval", [InputRequired("Please choose month or year."), Length(max=10)])
    currency = StringField("Currency", [Optional(), Length(max=10)])
    seats = WholeNumberField(
        "Seats",
        [Optional(), NumberRange(min=1, message="Please enter a whole number of seats, at least 1.")],
    )

    @property
    def choice(self) -> Choice:
        """What was chosen, of a form that was validated."""
        return Choice(
            self.plan.data, self.interval.data, self.seats.data or 1, currency=self.currency.data or None
        )

    @property
    def view(self) -> View:
        """How the plans page looked when the form was sent, also of a form that is not valid."""
        typed = self.seats.raw_data[0] if self.seats.raw_data else None
        return View(self.interval.data, self.currency.data, self.plan.data, typed)

    @property
    def problem(self) -> str | None:
        """The first thing that is wrong, as one sentence."""
        if self.seats.errors and self.seats.data is None:
            return "Please enter the number of seats as a whole number."
        messages = [message for messages in self.errors.values() for message in messages]
        return str(messages[0]) if messages else None


def without_controls(value: str | None) -> str | None:
    """Field filter: drop control characters but line breaks; no keyboard types them, and PostgreSQL refuses some."""
    if value is None:
        return None
    return "".join(mark for mark in value if mark == "\n" or unicodedata.category(mark) not in ("Cc", "Cs"))


class PauseForm(Form):
    """For how many months; `choices` are set by the view."""

    months = SelectField("The plan goes on by itself on", coerce=int)


class CancelForm(Form):
    """An optional reason."""

    reason = TextAreaField(
        "Why do you cancel?",
        [
            Optional(),
            Length(max=LONGEST_REASON, message=f"Please use at most {LONGEST_REASON} characters."),
        ],
        filters=[without_controls, strip],
    )
