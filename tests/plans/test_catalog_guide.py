"""The guide to the catalogue names everything that may stand in it, and nothing else."""

from __future__ import annotations

import re
from typing import get_args, get_type_hints

import msgspec
import pytest

from portal.plans import catalog
from tests.architecture.sources import ROOT

GUIDE = (ROOT / "docs" / "catalog.md").read_text(encoding="utf-8")
TABLES = (
    catalog.Tier,
    catalog.Rate,
    catalog.Component,
    catalog.Meter,
    catalog.Feature,
    catalog.Plan,
    catalog.ChangeRule,
    catalog.ChangeRules,
    catalog.Retention,
    catalog.Catalog,
)
WITHOUT_BLOCKS = re.sub(r"```.*?```", "", GUIDE, flags=re.DOTALL)
WORDS = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", WITHOUT_BLOCKS))))


@pytest.mark.parametrize("table", TABLES)
def test_every_setting_is_named(table: type[msgspec.Struct]) -> None:
    named = {each.name for each in msgspec.structs.fields(table)} - {"key"}
    assert named - WORDS == set()


def test_every_visibility_is_explained() -> None:
    every = set(get_args(get_type_hints(catalog.Plan)["visibility"]))
    assert {each for each in every if f'| `"{each}"` |' in GUIDE} == every
