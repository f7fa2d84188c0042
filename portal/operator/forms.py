"""The forms of the operator's console. Shape only."""

from __future__ import annotations

from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Regexp

from portal.subscriptions.cancel import LONGEST_REASON
from portal.subscriptions.forms import without_controls
from portal.web.forms import Form, WholeNumberField, strip


class EndNowForm(Form):
    """Why a plan is ended at once, and whether the rest of its period is credited."""

    reason = TextAreaField(
        "Why is it ended at once?",
        [
            InputRequired("Please say why. It is kept in the audit log."),
            Length(max=LONGEST_REASON, message=f"Please use at most {LONGEST_REASON} characters."),
        ],
        filters=[without_controls, strip],
    )
    prorate = BooleanField("Credit the unused rest of the period to the tenant’s balance")


class JobForm(Form):
    """The number of a job that gave up."""

    job = WholeNumberField("Job", [InputRequired()])


class PlanForm(Form):
    """The key of a plan."""

    plan = StringField("Plan", [InputRequired(), Regexp(r"[a-z0-9_]{1,40}\Z")])
