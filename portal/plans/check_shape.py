"""Whether tables read from a file have the shape of our structs: every wrong name, missing value and wrong type in it,
each with its place. What the values mean together is not looked at here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args, get_origin

import msgspec

from portal.plans.locate import Place


class Problem(NamedTuple):
    """Something that is wrong in the catalogue, and where."""

    place: Place
    message: str


def misshapen(value: object, kind: Any, place: Place = ()) -> Iterator[Problem]:
    """Go through everything in `value` that keeps it from being a `kind`: the innermost parts that do not fit."""
    try:
        msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        inner = list(_inside(value, kind, place))
        yield from inner or [Problem(place, _words(error, value, kind))]


def _inside(value: object, kind: Any, place: Place) -> Iterator[Problem]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(value, dict):
        fields = {each.name: each for each in msgspec.structs.fields(kind)}
        for name in value.keys() - fields.keys():
            yield Problem((*place, name), "there is no such setting")
        for name, each in fields.items():
            if name in value:
                yield from misshapen(value[name], each.type, (*place, name))
            elif each.required:
                yield Problem(place, f"`{name}` is missing")
    elif get_origin(kind) is dict and isinstance(value, dict):
        of_key, of_value = get_args(kind)
        for key, each in value.items():
            yield from misshapen(key, of_key, (*place, key))
            yield from misshapen(each, of_value, (*place, key))
    elif get_origin(kind) is tuple and isinstance(value, list):
        for index, each in enumerate(value):
            yield from misshapen(each, get_args(kind)[0], (*place, index))


def _words(error: msgspec.ValidationError, value: object, kind: Any) -> str:
    if get_origin(kind) is Literal:
        return f"{value!r} is not one of {', '.join(get_args(kind))}"
    return str(error).partition(" - at ")[0]
