"""The documentation lists exactly what is supported, and every call takes parameters the SDK knows."""

from __future__ import annotations

import importlib
from pathlib import Path

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


def test_every_call_says_in_a_sentence_what_it_does() -> None:
    assert [_name(route) for route in ROUTES if not route.summary.endswith(".")] == []


def test_every_call_takes_parameters_of_the_sdk_or_names_its_own() -> None:
    assert [_name(route) for route in ROUTES if not (route.texts or _is_known(route.params))] == []


def test_every_call_is_found_at_its_own_address() -> None:
    lost = []
    for route in ROUTES:
        found = match(route.method, route.template.replace("{", "x").replace("}", "x"))
        if found is None or found[0] != route:
            lost.append(_name(route))
    assert lost == []


def _name(route: Route) -> str:
    return f"{route.method} {route.template}"


def _is_known(params: str | None) -> bool:
    package, _, name = (params or "").rpartition(".")
    module = importlib.import_module(f"stripe.params.{package}" if package else "stripe.params")
    return is_typeddict(getattr(module, name, None))
