"""The custom fields of a Checkout session: up to three things a merchant asks the payer, and their answers."""

import re
from typing import Any

from portal.emulator.transaction import Objects, StripeDict
from portal.emulator.wire.errors import invalid, missing_parameter

_MOST_FIELDS = 3
_MOST_OPTIONS = 200
_LONGEST_KEY = 200
_LONGEST_TEXT = 100
_LONGEST_ANSWER = 255
_KINDS = ("dropdown", "numeric", "text")
_WORD = re.compile(r"[A-Za-z0-9]+")


def new_fields(params: dict[str, Any]) -> Objects:
    """Return the fields a session is created with, nothing answered yet. Raises a 400 for what cannot be asked."""
    sent = params.get("custom_fields", [])
    if len(sent) > _MOST_FIELDS:
        raise invalid(f"You may have at most {_MOST_FIELDS} custom fields.", param="custom_fields")
    keys: set[str] = set()
    fields = []
    for index, entry in enumerate(sent):
        path = f"custom_fields[{index}]"
        _check_word(entry["key"], keys, _LONGEST_KEY, f"{path}[key]")
        label = entry["label"]["custom"]
        _check_text(label, f"{path}[label][custom]")
        fields.append(
            {
                "key": entry["key"],
                "label": {"custom": label, "type": entry["label"]["type"]},
                "optional": entry.get("optional", False),
                "type": entry["type"],
                **_kinds(entry, path),
            }
        )
    return fields


def _kinds(entry: dict[str, Any], path: str) -> StripeDict:
    kind = entry["type"]
    for name in _KINDS:
        if name != kind and name in entry:
            raise invalid(f"`{name}` can only be used for a field of that type.", param=f"{path}[{name}]")
    here = f"{path}[{kind}]"
    if kind == "dropdown":
        if kind not in entry:
            raise missing_parameter(here)
        return {**dict.fromkeys(_KINDS), kind: _dropdown(entry[kind], here)}
    return {**dict.fromkeys(_KINDS), kind: _typed(entry.get(kind, {}), here)}


def _dropdown(sent: dict[str, Any], path: str) -> StripeDict:
    options = [{"label": option["label"], "value": option["value"]} for option in sent["options"]]
    if not 1 <= len(options) <= _MOST_OPTIONS:
        raise invalid(f"A dropdown has 1 to {_MOST_OPTIONS} options.", param=f"{path}[options]")
    values: set[str] = set()
    for index, option in enumerate(options):
        _check_text(option["label"], f"{path}[options][{index}][label]")
        _check_word(option["value"], values, _LONGEST_TEXT, f"{path}[options][{index}][value]")
    default = sent.get("default_value")
    if default is not None and default not in values:
        raise invalid("The default value must be one of the options.", param=f"{path}[default_value]")
    return {"default_value": default, "options": options, "value": None}


def _typed(sent: dict[str, Any], path: str) -> StripeDict:
    least, most = sent.get("minimum_length"), sent.get("maximum_length")
    for name, length in (("minimum_length", least), ("maximum_length", most)):
        if length is not None and not 1 <= length <= _LONGEST_ANSWER:
            raise invalid(f"A length is between 1 and {_LONGEST_ANSWER}.", param=f"{path}[{name}]")
    if (least or 1) > (most or _LONGEST_ANSWER):
        raise invalid("The maximum length must be at least the minimum.", param=f"{path}[maximum_length]")
    return {
        "default_value": sent.get("default_value"),
        "maximum_length": most,
        "minimum_length": least,
        "value": None,
    }


def _check_word(word: str, used: set[str], longest: int, param: str) -> None:
    if not _WORD.fullmatch(word) or len(word) > longest:
        raise invalid(f"It must be made of 1 to {longest} letters and digits.", param=param)
    if word in used:
        raise invalid("It must be unique.", param=param)
    used.add(word)


def _check_text(text: str, param: str) -> None:
    if not 1 <= len(text) <= _LONGEST_TEXT:
        raise invalid(f"It must have 1 to {_LONGEST_TEXT} characters.", param=param)
