"""Writes a catalogue as the text of `catalog.toml`; reading that text gives the same catalogue. What has its default is
left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from portal.plans.catalog import Catalog, Component, Plan

MOST_IN_A_LINE = 100
_OWN_NAME = "key"
"""Tables are told their own key when they are read; it does not stand inside them."""


def write_catalog(catalog: Catalog, *, comments: tuple[str, ...] = ()) -> str:
    """Return the text of a catalogue, with the comments above it."""
    lines = [f"# {comment}" for comment in comments]
    tables: list[str] = []
    for name, value in _settings(catalog):
        if isinstance(value, msgspec.Struct):
            tables += ["", f"[{name}]", *_pairs(value)]
        elif isinstance(value, Mapping):
            for key, table in value.items():
                tables += ["", f"[{name}.{key}]", *_pairs(table)]
                tables += _components(table) if isinstance(table, Plan) else []
        else:
            lines.append(f"{name} = {_value(value)}")
    return "\n".join([*lines, *tables]) + "\n"


def _components(plan: Plan) -> list[str]:
    lines: list[str] = []
    for component in plan.components:
        lines += ["", f"[[plans.{plan.key}.components]]", *_pairs(component), *_rates(component)]
    return lines


def _rates(component: Component) -> Iterator[str]:
    for interval, by_currency in component.rates.items():
        for currency, rate in by_currency.items():
            for name, value in _settings(rate):
                yield from _pair(f"rates.{interval}.{currency}.{name}", value)


def _pairs(table: msgspec.Struct) -> list[str]:
    return [line for name, value in _settings(table) for line in _pair(name, value)]


def _pair(name: str, value: object) -> list[str]:
    line = f"{name} = {_value(value)}"
    if isinstance(value, tuple) and len(line) > MOST_IN_A_LINE:
        return [f"{name} = [", *(f"    {_value(each)}," for each in value), "]"]
    return [line]


def _settings(table: msgspec.Struct) -> Iterator[tuple[str, object]]:
    """Go through what is set in a table, and is no table of its own further down in the file."""
    for each in msgspec.structs.fields(table):
        value = getattr(table, each.name)
        if each.name in (_OWN_NAME, "components", "rates"):
            continue
        # A tier that costs nothing says so; an empty one would read like a mistake.
        if not each.required and value == each.default and each.name != "unit_amount":
            continue
        if value in ({}, ()) and not each.required:
            continue
        yield each.name, value


def _value(value: object) -> str:
    if isinstance(value, Decimal) and value != value.to_integral_value():
        return f'"{value.normalize():f}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | Decimal):
        return format(int(value), "_")
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, msgspec.Struct):
        return _inline(dict(_settings(value)))
    if isinstance(value, Mapping):
        return _inline(value)
    assert isinstance(value, str), f"{type(value).__name__} is no value of a catalogue"
    # TOML's strings are JSON's, but for one character that JSON lets stand.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _inline(pairs: Mapping[str, object]) -> str:
    inside = ", ".join(f"{name} = {_value(value)}" for name, value in pairs.items())
    return f"{{ {inside} }}" if inside else "{}"
