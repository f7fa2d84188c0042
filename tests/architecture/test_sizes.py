"""A module is read in one sitting, and its name says what is in it."""

from __future__ import annotations

import ast

from tests.architecture.sources import ROOT, parsed

DRAWERS = {"utils", "helpers", "common", "manager", "misc", "base", "core", "tools"}


def test_no_module_is_longer_than_400_lines() -> None:
    tests = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("*.py")}
    sizes = {name: len((ROOT / name).read_text().splitlines()) for name in {*parsed(), *tests}}
    assert {name: size for name, size in sizes.items() if size > 400} == {}


def test_the_conftest_only_lists_fixtures() -> None:
    assert len((ROOT / "tests" / "conftest.py").read_text().splitlines()) < 100


def test_no_module_is_a_drawer() -> None:
    assert [name for name in parsed() if name.rsplit("/", 1)[-1].removesuffix(".py") in DRAWERS] == []


def test_every_module_with_code_says_what_lives_in_it() -> None:
    silent = [name for name, tree in parsed().items() if tree.body and not ast.get_docstring(tree)]
    assert silent == []
