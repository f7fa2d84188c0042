"""The base of every form: the one place where the untyped form library meets our types. Forms check shape only;
rules live in the verbs, and `refuse` puts a verb's refusal beside the field it concerns."""

from __future__ import annotations

import unicodedata

from flask_wtf import FlaskForm
from wtforms import Field, IntegerField
from wtforms.validators import ValidationError

from portal.kit.errors import PortalError

MARKS = ("Cc", "Cf", "Cs", "Zl", "Zp")
JOINERS = "\u200c\u200d"  # Persian and Indic scripts and emoji are written with these


class Form(FlaskForm):  # type: ignore[misc]  # flask_wtf ships no types
    """A form with a CSRF field. `Form()` reads the current request."""

    def refuse(self, error: PortalError, field: str | None = None) -> None:
        """Show a verb's refusal at `field`, or above the form when no field is to blame."""
        if field is None:
            self.form_errors.append(error.public_message)
        else:
            self[field].errors = [*self[field].errors, error.public_message]


class WholeNumberField(IntegerField):  # type: ignore[misc]  # wtforms ships no types
    """A whole number of at most nine plain digits. The library's own field takes any length, and its range check
    then fails on numbers that no float can hold."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed. Raises ValueError, which the form shows at the field."""
        typed = valuelist[0].strip() if valuelist else ""
        if not typed:
            return
        self.data = None
        if not (typed.isascii() and typed.isdigit() and len(typed) <= 9):
            raise ValueError("Please enter a whole number.")
        self.data = int(typed)


def strip(value: str | None) -> str | None:
    """Field filter: remove blanks around what was typed."""
    return value.strip() if isinstance(value, str) else value


def plain_text(_form: Form, field: Field) -> None:
    """Validator: refuse control and direction marks, which no name needs, the database may refuse and people use to
    make a name read as another."""
    typed = field.data or ""
    refused = {mark for mark in typed if mark not in JOINERS and unicodedata.category(mark) in MARKS}
    if refused:
        field.data = "".join(mark for mark in typed if mark not in refused)
        raise ValidationError("Please use letters, digits and punctuation only.")
