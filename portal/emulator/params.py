"""Request parameters, checked and typed by the parameter types of the official SDK.

Whatever `stripe.params` does not know is refused, so the emulator cannot lag behind the API version the SDK is
generated for, and a misspelt parameter fails here exactly as it would at Stripe. This is the only module that looks
into the SDK.
"""

import importlib
import re
import types
import typing
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final

import stripe
import typing_extensions
from stripe._stripe_object import UntypedStripeObject

from portal.emulator.wire.calendar import check_calendar
from portal.emulator.wire.currencies import spelled
from portal.emulator.wire.errors import (
    StripeError,
    empty_parameter,
    invalid,
    missing_parameter,
    unknown_parameter,
)

_Check = Callable[[Any, str], Any]

_REQUEST_OPTIONS: Final = frozenset(
    {
        "api_key", "stripe_version", "stripe_account", "stripe_context", "max_network_retries",
        "idempotency_key", "content_type", "headers",
    }
)  # fmt: skip
_LONGEST_STRING: Final = 5_000
_LONGEST_DESCRIPTION: Final = 40_000
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?")
_WRAPPERS: Final = (
    typing.NotRequired,
    typing.Required,
    typing_extensions.NotRequired,
    typing_extensions.Required,
)


def typed(sent: dict[str, Any], params_class: str | None, texts: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the parameters with integers, booleans and numbers as such; decimals stay strings.

    Without a class the call takes only `expand` and the named texts. Raises a 400 naming the parameter for anything
    unknown, missing, of the wrong shape, too long, or outside an enumeration.
    """
    if params_class is None:
        for name, value in sent.items():
            if name != "expand" and name not in texts:
                raise unknown_parameter(name)
            _check_for(list[str] if name == "expand" else str)(value, name)
        return sent
    checked = _check_for(_params_type(params_class))(sent, "")
    assert isinstance(checked, dict)
    return checked


@cache
def _params_type(name: str) -> Any:
    package, _, class_name = name.rpartition(".")
    module = importlib.import_module(f"stripe.params.{package}" if package else "stripe.params")
    return getattr(module, class_name)


@cache
def _check_for(annotation: Any) -> _Check:
    """Return the check for one annotation; the checks below a dict are made when it is first sent."""
    while typing.get_origin(annotation) in _WRAPPERS:
        (annotation,) = typing.get_args(annotation)
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return _union_check(annotation)
    if typing_extensions.is_typeddict(annotation):
        return _dict_check(annotation)
    if origin is list:
        return _list_check(typing.get_args(annotation)[0])
    if origin is dict or origin is UntypedStripeObject:
        return _mapping_check(typing.get_args(annotation)[-1])
    if origin is typing.Literal:
        return _enum_check(typing.get_args(annotation))
    return _SCALARS[annotation]


def _dict_check(annotation: Any) -> _Check:
    fields: dict[str, Any] | None = None
    required = annotation.__required_keys__ - _REQUEST_OPTIONS

    def check(value: Any, path: str) -> Any:
        nonlocal fields
        if not isinstance(value, dict):
            raise _wrong("object", value, path)
        if fields is None:
            fields = fields_of(annotation)
        checked = {}
        for name, item in value.items():
            below = f"{path}[{name}]" if path else name
            if name not in fields:
                raise _removed_parameter(below) or unknown_parameter(below)
            if item == "" and name in required and fields[name] is str:
                raise empty_parameter(below)
            checked[name] = spelled(name, _check_for(fields[name])(item, below), below)
            check_calendar(name, checked[name], below)
        for name in sorted(required - value.keys()):
            raise missing_parameter(f"{path}[{name}]" if path else name)
        return checked

    return check


def fields_of(annotation: Any) -> dict[str, Any]:
    """Return the parameters a class of the SDK has, without those that are about the request."""
    hints = typing_extensions.get_type_hints(
        annotation, localns={**vars(typing), "StripeContext": stripe.StripeContext}, include_extras=True
    )
    return {name: hint for name, hint in hints.items() if name not in _REQUEST_OPTIONS}


def _list_check(element: Any) -> _Check:
    def check(value: Any, path: str) -> Any:
        if not isinstance(value, list):
            raise _wrong("array", value, path)
        inner = _check_for(element)
        return [inner(item, f"{path}[{index}]") for index, item in enumerate(value)]

    return check


def _mapping_check(element: Any) -> _Check:
    def check(value: Any, path: str) -> Any:
        # Keys that are all digits look like list indexes on the wire; here they are keys.
        if isinstance(value, list):
            value = {str(index): item for index, item in enumerate(value)}
        if not isinstance(value, dict):
            raise _wrong("object", value, path)
        inner = _check_for(element)
        return {name: inner(item, f"{path}[{name}]") for name, item in value.items()}

    return check


def _enum_check(allowed: tuple[Any, ...]) -> _Check:
    spelled = {str(value).lower() if isinstance(value, bool) else str(value): value for value in allowed}

    def check(value: Any, path: str) -> Any:
        if not isinstance(value, str) or value not in spelled:
            raise _outside_enum(spelled, path)
        return spelled[value]

    return check


def _union_check(annotation: Any) -> _Check:
    members = [member for member in _flattened(annotation) if member is not type(None)]
    literals = [m for m in members if typing.get_origin(m) is typing.Literal]
    words = tuple(word for literal in literals for word in typing.get_args(literal))
    choices = tuple(word for word in words if word != "")
    others = [m for m in members if m not in literals]
    # The SDK leaves enumerations open (`Literal[...] | str`) so that old clients survive new values; the API does not.
    if choices and str in others:
        others.remove(str)

    def check(value: Any, path: str) -> Any:
        if isinstance(value, str) and value in words:
            return value
        if choices and not others:
            raise _outside_enum(choices, path)
        refusal: StripeError | None = None
        for member in others:
            if not _shape_fits(value, member):
                continue
            try:
                return _check_for(member)(value, path)
            except StripeError as error:
                refusal = refusal or error
        raise refusal or _wrong(_shape_of(others[0]) if others else "string", value, path)

    return check


def _flattened(annotation: Any) -> list[Any]:
    flat: list[Any] = []
    for member in typing.get_args(annotation):
        member = typing.ForwardRef(member) if isinstance(member, str) else member
        flat += (
            _flattened(member) if typing.get_origin(member) in (typing.Union, types.UnionType) else [member]
        )
    return flat


def _shape_of(annotation: Any) -> str:
    origin = typing.get_origin(annotation)
    if origin is list:
        return "array"
    if origin in (dict, UntypedStripeObject) or typing_extensions.is_typeddict(annotation):
        return "object"
    return {int: "integer", bool: "boolean", float: "number", Decimal: "decimal"}.get(annotation, "string")


def _shape_fits(value: Any, annotation: Any) -> bool:
    shape = _shape_of(annotation)
    if isinstance(value, dict):
        return shape == "object"
    if isinstance(value, list):
        return shape in ("array", "object")
    return shape not in ("array", "object")


def _string(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise _wrong("string", value, path)
    # What a product is may be told at length; everything else has the same limit or a shorter one of its own.
    longest = _LONGEST_DESCRIPTION if path == "description" else _LONGEST_STRING
    if len(value) > longest:
        raise invalid(
            f"Invalid string: {value[:10]}...{value[-10:]}; must be at most {longest} characters", param=path
        )
    return value


def _integer(value: Any, path: str) -> int:
    if not isinstance(value, str) or not _INTEGER.fullmatch(value):
        raise _wrong("integer", value, path)
    return int(value)


def _boolean(value: Any, path: str) -> bool:
    if value not in ("true", "false"):
        raise _wrong("boolean", value, path)
    return bool(value == "true")


def _number(value: Any, path: str) -> float:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise _wrong("number", value, path)
    return float(value)


def _decimal(value: Any, path: str) -> str:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise _wrong("decimal", value, path)
    return value


def _anything(value: Any, _path: str) -> Any:
    return value


_SCALARS: Final[dict[Any, _Check]] = {
    str: _string,
    int: _integer,
    bool: _boolean,
    float: _number,
    Decimal: _decimal,
    datetime: _integer,
    Any: _anything,
    object: _anything,
}


def _wrong(shape: str, value: Any, path: str) -> StripeError:
    if value == "" and shape != "string":
        return empty_parameter(path)
    code = "parameter_invalid_integer" if shape == "integer" else None
    shown = f": {value}" if isinstance(value, str) else ""
    return invalid(f"Invalid {shape}{shown}", param=path, code=code)


def _outside_enum(allowed: typing.Iterable[str], path: str) -> StripeError:
    words = [str(word) for word in allowed]
    listed = words[0] if len(words) == 1 else f"one of {', '.join(words[:-1])}, or {words[-1]}"
    return invalid(f"Invalid {path}: must be {listed}", param=path)


def _removed_parameter(path: str) -> StripeError | None:
    if path != "payment_method_types":
        return None
    return invalid(
        "payment_method_types is no longer supported as of API version 2026-09-30.endive. "
        "Use allowed_payment_method_types or excluded_payment_method_types instead.",
        param=path,
        code="payment_method_types_no_longer_supported",
    )
