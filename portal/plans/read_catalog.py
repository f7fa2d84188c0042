"""Reads `catalog.toml`: every mistake in it is told at once, each with its line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from portal.plans.catalog import Catalog, CatalogError
from portal.plans.check_catalog import broken_rules
from portal.plans.check_shape import Problem, misshapen
from portal.plans.locate import Place, line_at, lines_of

_SYNTAX_ERROR = re.compile(r"(?P<message>.*) \(at line (?P<line>\d+), column \d+\)")
NAMED = ("meters", "features", "plans")
"""The groups of tables whose names are keys: each table is told its own."""


def load_catalog(path: Path) -> Catalog:
    """Read and check the catalogue. Raises CatalogError naming every mistake and its line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CatalogError(f"{path.name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CatalogError(f"{path.name} is not UTF-8 text: {error.reason}") from error
    return parse_catalog(text, name=path.name)


def parse_catalog(text: str, *, name: str) -> Catalog:
    """Read a catalogue from the text of a file called `name`. Raises CatalogError as `load_catalog` does."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = _SYNTAX_ERROR.fullmatch(str(error))
        words = f"{said['line']}: {said['message']}" if said else f" {error}"
        raise CatalogError(f"{name}:{words}") from error
    problems = [*misshapen(tables, Catalog), *_claimed_keys(tables)]
    sound = _without(tables, problems)
    if sound is not None:
        catalog = msgspec.convert(_with_keys(sound), Catalog, strict=False)
        if not problems:
            problems = list(broken_rules(catalog))
            if not problems:
                return catalog
        else:
            # What was left out may be the free plan.
            problems += [each for each in broken_rules(catalog) if each.place != ("plans",)]
    lines = lines_of(text)
    told = sorted((line_at(lines, each.place), _words(each)) for each in problems)
    raise CatalogError("\n".join(f"{name}:{line}: {words}" for line, words in told))


def spell(place: Place) -> str:
    """Write a place as the file's own keys: `plans.pro.components[0].rates`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")


def _words(problem: Problem) -> str:
    return f"{spell(problem.place)}: {problem.message}" if problem.place else problem.message


def _claimed_keys(tables: dict[str, Any]) -> list[Problem]:
    """A table's key is its name in the file; it cannot say another one inside."""
    return [
        Problem((group, key, "key"), "there is no such setting")
        for group in NAMED
        for key, table in _group(tables, group).items()
        if isinstance(table, dict) and "key" in table
    ]


def _without(tables: dict[str, Any], problems: list[Problem]) -> dict[str, Any] | None:
    """Return the tables without the parts that have no right shape, so that the rules can be held against the rest.

    A plan is left out, a meter or feature keeps its key. None if what is wrong concerns everything.
    """
    kept = {**tables, **{group: dict(_group(tables, group)) for group in NAMED}}
    stand_ins = {"meters": {"name": "", "unit": ""}, "features": {"name": ""}}
    for place in (each.place for each in problems):
        group = str(place[0]) if place else "currencies"
        if group == "currencies":
            return None
        if group not in NAMED or len(place) == 1:
            kept.pop(group, None)
            continue
        kept[group].pop(place[1], None)
        if group in stand_ins:
            kept[group][place[1]] = stand_ins[group]
    return kept


def _with_keys(tables: dict[str, Any]) -> dict[str, Any]:
    named = {
        group: {key: {**table, "key": key} for key, table in _group(tables, group).items()} for group in NAMED
    }
    return {**tables, **named}


def _group(tables: dict[str, Any], group: str) -> dict[str, Any]:
    found = tables.get(group, {})
    return found if isinstance(found, dict) else {}
