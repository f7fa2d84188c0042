"""The form for another number of seats."""

from __future__ import annotations

from wtforms.validators import InputRequired, NumberRange

from portal.seats.change import MOST_SEATS
from portal.web.forms import Form, WholeNumberField


class SeatsForm(Form):
    """How many seats the tenant wants in all. What the plan allows is the verb's business."""

    seats = WholeNumberField(
        "Number of seats",
        validators=[
            InputRequired("Enter a whole number of seats."),
            NumberRange(1, MOST_SEATS, f"Enter a number from 1 to {MOST_SEATS:,}."),
        ],
    )
