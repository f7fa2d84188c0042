"""The shape of a new key."""

from __future__ import annotations

from wtforms import StringField
from wtforms.validators import DataRequired, Length

from portal.web.forms import Form, plain_text, strip


class NewKeyForm(Form):
    """What the key is for, in words."""

    name = StringField(
        "What is the key for?",
        filters=[strip],
        validators=[DataRequired("Please say what the key is for."), Length(max=80), plain_text],
    )
