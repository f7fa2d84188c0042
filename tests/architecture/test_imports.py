"""The contracts about who may import whom stand in pyproject.toml; this runs them with the tests, and sees to it that
no room is left out of them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.architecture.sources import ROOT, Sources, parsed, planted

# The writer of PDFs is heavy and rarely wanted.
MAY_IMPORT_LATE = ("portal/emulator/pages/invoice.py",)
# Bound to no layer: every table once, for migrations; and the migrations themselves, which the app's edge starts.
OUTSIDE = {"models", "migrate", "emulator"}


def late_imports(sources: Sources) -> list[str]:
    """Return imports of our own code inside functions, which mostly dodge a cycle."""
    return [
        f"{name}:{inner.lineno} {ast.unparse(inner)}"
        for name, tree in sources.items()
        if name not in MAY_IMPORT_LATE
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        for inner in ast.walk(node)
        if isinstance(inner, (ast.Import, ast.ImportFrom)) and "portal" in ast.unparse(inner)
    ]


def test_the_import_contracts_are_kept() -> None:
    # As a process of its own: it sets up logging as if the whole program were its own.
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_stands_in_the_layers() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = " ".join(next(c["layers"] for c in contracts["contracts"] if c["type"] == "layers"))
    named = set(re.findall(r"portal\.(\w+)", layers))
    rooms = {name.split("/")[1].removesuffix(".py") for name in parsed()} - {"__init__"}
    assert rooms - named - OUTSIDE == set()


def test_no_import_hides_inside_a_function_to_dodge_a_cycle() -> None:
    assert late_imports(parsed()) == []
    assert late_imports(planted("def pay() -> None:\n    from portal.plans import rates")) != []
