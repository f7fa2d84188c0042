"""The catalogue: checked, compared with Stripe, brought there, read back."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from portal.app import create_app
from portal.gateway.client import WORKER
from portal.plans.read_catalog import load_catalog, parse_catalog
from portal.plans.write_catalog import write_catalog
from portal.sync.catalog.pull import pull_catalog
from portal.sync.catalog.push import plan_catalog, push_catalog
from portal.sync.catalog.show import shown


def catalog(arguments: argparse.Namespace) -> int:
    """Do what the action says; a plan with `--detailed-exitcode` exits with 2 where there are changes."""
    app = create_app(patience=WORKER)
    match arguments.action:
        case "check":
            print(f"{len(list(app.extensions['catalog'].prices()))} prices, no mistakes found")
        case "plan":
            with app.app_context():
                changes = plan_catalog()
            print(shown(changes, done=False))
            return 2 if changes and arguments.detailed_exitcode else 0
        case "push":
            with app.app_context():
                print(shown(push_catalog(), done=True))
        case _:
            with app.app_context():
                return _pull(arguments)
    return 0


def _pull(arguments: argparse.Namespace) -> int:
    output: Path | None = arguments.output
    if output is not None and output.exists() and not arguments.force:
        print(f"portal: {output} is there already; --force writes over it", file=sys.stderr)
        return 1
    pulled = pull_catalog(None if arguments.base is None else load_catalog(arguments.base))
    text = write_catalog(pulled.catalog, comments=("Read from Stripe.", *pulled.notes))
    if output is None:
        print(text, end="")
    else:
        output.write_text(text, encoding="utf-8")
    print("\n".join(pulled.notes), file=sys.stderr, end="\n" if pulled.notes else "")
    # Somebody may have changed at Stripe what has no place in a catalogue: the text is given, and what is wrong said.
    parse_catalog(text, name=output.name if output is not None else "catalog.toml")
    return 0
