"""The list of what the emulator supports, made from the routing table: `python -m portal.emulator.supported`.

docs/emulator.md holds what this prints between two marks; a test says when the two differ.
"""

from itertools import groupby

from portal.emulator.control import commands
from portal.emulator.wire.routes import Route, all_routes

BEGIN = "<!-- supported calls: printed by python -m portal.emulator.supported -->"
END = "<!-- end of supported calls -->"


def supported_calls() -> str:
    """Return the supported calls and control commands as Markdown, between the marks."""
    lines = [BEGIN, ""]
    for area, routes in groupby(all_routes(), key=_area):
        lines += [f"### {area}", "", "| call | what it does |", "|---|---|"]
        lines += [f"| `{route.method} {route.template}` | {route.summary} |" for route in routes]
        lines.append("")
    lines += ["### Control interface", "", "| command | what it does |", "|---|---|"]
    lines += [f"| `{method} {path}` | {summary} |" for method, path, summary in commands()]
    return "\n".join([*lines, "", END])


def _area(route: Route) -> str:
    parts = route.template.removeprefix("/v1/").split("/")
    spoken = (
        parts[:2]
        if parts[0] in ("billing", "billing_portal", "checkout", "entitlements", "test_helpers")
        else parts[:1]
    )
    return " ".join(spoken).replace("_", " ").capitalize()


if __name__ == "__main__":
    print(supported_calls())
