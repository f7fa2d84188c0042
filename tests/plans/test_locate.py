"""Finding the line of every key in a TOML file, however it is written."""

from __future__ import annotations

import tomllib

import pytest

from portal.plans.locate import Place, line_at, lines_of
from tests.architecture.sources import ROOT

TEXT = '''# [not.a.table]
top = "a # b ] } = \\" c" # [comment]
"quoted key" = 'it''s'

[plans.pro]
name = """
[inside.a.string]
x = 1"""
limits = { calls = 1, "a.b" = { deep = [1, 2] } }
points = [
    "one", # [[no]]
    "two ]",

    ["nested"],
]
rates.month.usd.tiers = [{ up_to = 1_000 },
    { unit_amount = "0.5", flat_amount = 1.5 }]

[[plans.pro.components]]
kind = "base"
[[plans.pro.components]]
kind = 'seat'
  [plans.pro.components.rates]
  month = 2026-11-22T10:00:00Z
'''.replace("'it''s'", "'its'")


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("top",), 2),
        (("quoted key",), 3),
        (("plans", "pro"), 5),
        (("plans", "pro", "name"), 6),
        (("plans", "pro", "limits", "calls"), 9),
        (("plans", "pro", "limits", "a.b", "deep", 1), 9),
        (("plans", "pro", "points"), 10),
        (("plans", "pro", "points", 0), 11),
        (("plans", "pro", "points", 1), 12),
        (("plans", "pro", "points", 2, 0), 14),
        (("plans", "pro", "rates", "month"), 16),
        (("plans", "pro", "rates", "month", "usd", "tiers", 0, "up_to"), 16),
        (("plans", "pro", "rates", "month", "usd", "tiers", 1, "flat_amount"), 17),
        (("plans", "pro", "components", 0, "kind"), 20),
        (("plans", "pro", "components", 1), 21),
        (("plans", "pro", "components", 1, "kind"), 22),
        (("plans", "pro", "components", 1, "rates"), 23),
        (("plans", "pro", "components", 1, "rates", "month"), 24),
    ],
)
def test_every_key_has_its_line(place: Place, line: int) -> None:
    assert lines_of(TEXT)[place] == line


def test_what_is_missing_is_looked_for_at_the_table_around_it() -> None:
    assert line_at(lines_of(TEXT), ("plans", "pro", "components", 1, "rates", "year", "usd")) == 23
    assert line_at(lines_of(TEXT), ("currencies",)) == 1


@pytest.mark.parametrize("text", [TEXT, (ROOT / "catalog.toml").read_text(encoding="utf-8")])
def test_every_part_of_a_document_is_found(text: str) -> None:
    assert set(lines_of(text)) == set(places(tomllib.loads(text)))


def places(value: object, at: Place = ()) -> list[Place]:
    found = [at] if at else []
    if isinstance(value, dict):
        for key, each in value.items():
            found += places(each, (*at, key))
    if isinstance(value, list):
        for index, each in enumerate(value):
            found += places(each, (*at, index))
    return found
