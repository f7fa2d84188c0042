"""What a person may set or type is written down, and what is written down exists."""

from __future__ import annotations

import argparse
import ast
import importlib.util
import re
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from portal.cli.__main__ import command
from portal.cli.parser import parser
from portal.config import setting_names
from tests.architecture.sources import ROOT

OPERATE = ROOT / "docs" / "operate.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# Set by gunicorn's starter for its own children, or read by the shell, Python and the C library for everybody.
NOT_OURS = {"PORTAL_WITH_WORKER", "MALLOC_ARENA_MAX", "PATH", "PYTHONPATH", "NO_PROXY", "COVERAGE_FILE"}
GETTERS = ("os.environ.get", "os.getenv", "os.environ.setdefault", "os.environ.pop")
TO_SET = re.compile(r"^\| `([A-Z][A-Z0-9_]+)` \|", re.MULTILINE)


def commands_of(parser: argparse.ArgumentParser) -> set[str]:
    """Return the words of every command, with the choices of its first argument: `serve`, `db upgrade`."""
    found: set[str] = set()
    for action in parser._actions:
        if not isinstance(action, argparse._SubParsersAction):
            continue
        for name, one in action.choices.items():
            choices = [a.choices for a in one._actions if a.dest == "action" and a.choices]
            found |= {f"{name} {choice}" for choice in choices[0]} if choices else {name}
    return found


def settings_in(source: str) -> set[str]:
    """Return the names that code reads from the environment, where they stand as text in the call."""
    found: set[str] = set()
    if "environ" not in source and "getenv" not in source:
        return found
    for node in ast.walk(ast.parse(source)):
        words: ast.expr | None = None
        if isinstance(node, ast.Call) and ast.unparse(node.func) in GETTERS and node.args:
            words = node.args[0]
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            words = node.slice
        if isinstance(words, ast.Constant) and isinstance(words.value, str):
            found.add(words.value)
    return found


@pytest.fixture
def starter() -> ModuleType:
    """The `dev` script as a module."""
    loader = SourceFileLoader("dev", str(ROOT / "dev"))
    spec = importlib.util.spec_from_loader("dev", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_every_setting_of_the_portal_is_a_row_in_the_operators_guide() -> None:
    rows = set(TO_SET.findall(OPERATE.read_text(encoding="utf-8")))
    assert set(setting_names()) - rows == set()


def test_every_row_of_the_operators_guide_is_a_setting() -> None:
    rows = set(TO_SET.findall(OPERATE.read_text(encoding="utf-8")))
    assert rows - set(setting_names()) == set()


def test_what_the_programs_read_from_the_environment_besides_is_named_in_the_guides() -> None:
    # The benchmark's servers are told by their starter what to be; nobody sets that by hand.
    tests = [path for path in (ROOT / "tests").rglob("*.py") if "bench" not in path.parts]
    files = [*(ROOT / "portal").rglob("*.py"), *tests, ROOT / "gunicorn.conf.py", ROOT / "dev"]
    read = {name for path in files for name in settings_in(path.read_text(encoding="utf-8"))}
    text = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)
    named = set(re.findall(r"`([A-Z][A-Z0-9_]*)(?:=[^`]*)?`", text))
    assert read - named - NOT_OURS - {"DEBIAN_FRONTEND"} == set()


def test_every_command_is_in_the_operators_guide() -> None:
    text = OPERATE.read_text(encoding="utf-8")
    assert [command for command in sorted(commands_of(parser())) if f"`portal {command}" not in text] == []


def test_every_command_has_its_function() -> None:
    (commands,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    assert all(callable(command(found.get_default("command"))) for found in commands.choices.values())


def test_every_command_in_the_guides_exists() -> None:
    first_words = {command.split()[0] for command in commands_of(parser())}
    written = {
        (path.name, word)
        for path in PAGES
        for word in re.findall(r"`portal ([a-z-]+)", path.read_text(encoding="utf-8"))
    }
    assert {(page, word) for page, word in written if word not in first_words} == set()


def test_the_guides_name_every_command_of_the_starter(starter: ModuleType) -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)
    assert [name for name in starter.COMMANDS if f"./dev {name}" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_in_the_guides_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [
        link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link and link[:7] != "mailto:"
    ]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_a_setting_read_by_code_is_seen() -> None:
    source = "import os\na = os.environ.get('SHOWN', '')\nb = os.environ['TAKEN']\nc = os.getenv('ASKED')"
    assert settings_in(source) == {"SHOWN", "TAKEN", "ASKED"}
