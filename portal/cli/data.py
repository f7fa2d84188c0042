"""The database: its schema, and the demo tenant."""

from __future__ import annotations

import argparse

from portal import migrate
from portal.app import create_app
from portal.demo.seed import seed
from portal.extensions import db
from portal.gateway.client import WORKER


def database(arguments: argparse.Namespace) -> int:
    """Move the database's schema, write a migration, or tell whether it is behind."""
    with create_app().app_context():
        match arguments.action:
            case "upgrade":
                migrate.upgrade(db.engine, arguments.argument or "head")
            case "downgrade":
                migrate.downgrade(db.engine, arguments.argument or "base")
            case "revise":
                migrate.revise(db.engine, arguments.argument or "change")
            case _:
                current = migrate.is_current(db.engine)
                print("the schema is current" if current else "the schema is behind: run `portal db upgrade`")
                return 0 if current else 1
    return 0


def demo(_arguments: argparse.Namespace) -> int:
    """Add the demo tenant, if it is not there."""
    with create_app(patience=WORKER).app_context():
        print(seed())
    return 0
