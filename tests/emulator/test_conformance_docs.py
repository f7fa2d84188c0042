"""The documentation lists exactly what is supported, and every call takes parameters the SDK knows."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from typing_extensions import is_typeddict

from portal.emulator.supported import BEGIN, END, supported_calls
from portal.emulator.wire.routes import Route, all_routes, match

DOCUMENT = Path(__file__).parents[2] / "docs" / "emulator.md"
ROUTES = list(all_routes())


def test_the_documentation_lists_what_is_supported() -> None:
    text = DOCUMENT.read_text()
    section = text[text.index(BEGIN) : text.index(END) + len(END)]
    assert section == supported_calls(), (
        "run python -m portal.emulator.supported and put what it prints there"
    )


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.template}")
def test_every_call_is_described_and_checked_by_a_type_of_the_sdk(route: Route) -> None:
    assert route.summary.endswith("."), "the first line of the handler's docstring says what the call does"
    if route.params is None:
        assert route.texts, "without a class of the SDK a call says which parameters it takes"
        return
    package, _, name = route.params.rpartition(".")
    module = importlib.import_module(f"stripe.params.{package}" if package else "stripe.params")
    assert is_typeddict(getattr(module, name))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.template}")
def test_every_call_is_found_at_its_own_address(route: Route) -> None:
    found = match(route.method, route.template.replace("{", "x").replace("}", "x"))
    assert found is not None
    assert found[0] == route
