"""The answers to a Checkout session's custom fields: what was typed, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from portal.emulator.transaction import Objects, StripeDict

PREFIX: Final = "custom_"
_LONGEST: Final = 255


def read_answers(fields: Objects, posted: Mapping[str, str]) -> tuple[dict[str, str | None], dict[str, str]]:
    """Return the answers by key (None: left blank), and the errors by the name of the input."""
    answers: dict[str, str | None] = {}
    errors: dict[str, str] = {}
    for field in fields:
        name = f"{PREFIX}{field['key']}"
        answer = posted.get(name, "").strip()
        answers[field["key"]] = answer or None
        wrong = _wrong(field, answer)
        if wrong is not None:
            errors[name] = wrong
    return answers, errors


def _wrong(field: StripeDict, answer: str) -> str | None:
    asked = field[field["type"]]
    if not answer:
        return None if field["optional"] else "Fill this in."
    if field["type"] == "dropdown":
        known = [option["value"] for option in asked["options"]]
        return None if answer in known else "Choose one of the options."
    if field["type"] == "numeric" and not (answer.isascii() and answer.isdigit()):
        return "Enter digits only."
    least, most = asked["minimum_length"] or 1, asked["maximum_length"] or _LONGEST
    if least <= len(answer) <= most:
        return None
    return f"Enter {least} to {most} characters." if least < most else f"Enter {most} characters."
