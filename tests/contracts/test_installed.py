"""What an installed portal needs beside its code goes with it."""

from __future__ import annotations

import re
import tomllib

from tests.architecture.sources import ROOT

LOOKED_FOR = re.compile(r'SHIPPED / "([^"]+)"')


def test_whatever_is_looked_for_beside_the_code_is_installed_with_it() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    included = build["targets"]["wheel"]["force-include"]
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "portal").rglob("*.py")]
    looked_for = {name for source in sources for name in LOOKED_FOR.findall(source)} | {"static"}
    assert looked_for <= included.keys()
    assert [
        name for name, inside in included.items() if inside != f"portal/{name}" or not (ROOT / name).exists()
    ] == []
