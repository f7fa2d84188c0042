"""`python -m tests.contracts.routes` writes routes.json, the list of every address, from the app as it is."""

from __future__ import annotations

import json
from pathlib import Path

from portal.app import create_app
from portal.config import Config
from portal.web.unit_of_work import Portal
from tests.fixtures.app import ENVIRONMENT

SNAPSHOT = Path(__file__).with_name("routes.json")


def routes_of(app: Portal) -> list[dict[str, str]]:
    """List the addresses in order: rule, methods and endpoint."""
    found = [
        {
            "address": rule.rule,
            "methods": " ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})),
            "endpoint": rule.endpoint,
        }
        for rule in app.url_map.iter_rules()
    ]
    return sorted(found, key=lambda row: (row["address"], row["methods"]))


def main() -> None:
    """Write the list."""
    app = create_app(Config.from_env({**ENVIRONMENT, "DATABASE_URL": "sqlite:///:memory:"}))
    lines = ",\n".join(f"  {json.dumps(row)}" for row in routes_of(app))
    SNAPSHOT.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
