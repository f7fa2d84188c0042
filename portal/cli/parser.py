"""What can be said on the command line."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def parser() -> argparse.ArgumentParser:
    """Return the parser. What it finds has `command`, as module:function of this package: each command is imported
    when it runs, so that `--help` is quick.
    """
    made = argparse.ArgumentParser(prog="portal", description="A customer billing portal on Stripe.")
    commands = made.add_subparsers(required=True, metavar="command")

    def add(name: str, command: str, text: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text)
        one.set_defaults(command=command)
        return one

    serve = add(
        "serve", "serving:serve", "serve the pages and webhooks under gunicorn (HOST, PORT, WEB_CONCURRENCY)"
    )
    serve.add_argument("--with-worker", action="store_true", help="also work the jobs in the web processes")
    add("worker", "working:work", "work the jobs until told to stop")
    emulator = add(
        "emulator", "emulating:emulate", "serve the Stripe emulator, for trying, developing and testing"
    )
    emulator.add_argument("--host", default="127.0.0.1")
    emulator.add_argument("--port", type=_port, default=os.environ.get("EMULATOR_PORT", "12111"))
    emulator.add_argument("--store", help="SQLite file that keeps the state (default: in memory)")
    emulator.add_argument("--seed", type=int, help="number the ids derive from (default: another each time)")
    emulator.add_argument(
        "--living-clocks",
        action="store_true",
        help="give every customer a test clock that follows real time until it is advanced",
    )
    add("demo", "data:demo", "add the demo tenant with members, invoices and usage, if it is not there")
    database = add("db", "data:database", "move the database's schema")
    database.add_argument("action", choices=["upgrade", "downgrade", "revise", "check"])
    database.add_argument("argument", nargs="?", help="the revision to go to, or the message of a new one")
    catalog = add(
        "catalog",
        "catalogue:catalog",
        "check the catalogue, say what differs at Stripe, bring it there, or read it back",
    )
    catalog.add_argument("action", choices=["check", "plan", "push", "pull"])
    catalog.add_argument(
        "--detailed-exitcode", action="store_true", help="plan: exit 2 if there are changes, 1 for an error"
    )
    catalog.add_argument("--base", type=Path, help="pull: a catalogue that has what Stripe does not hold")
    catalog.add_argument("--output", type=Path, help="pull: the file to write (default: standard output)")
    catalog.add_argument("--force", action="store_true", help="pull: write over a file that is there")
    invitation = add(
        "plan-invitation", "tenants:plan_invitation", "open a plan sold by invitation to a tenant"
    )
    invitation.add_argument("action", choices=["grant", "revoke"])
    invitation.add_argument("tenant", help="the tenant's slug")
    invitation.add_argument("plan", help="the plan's key in the catalogue")
    sync = add("sync", "tenants:sync", "fetch one tenant's billing state from Stripe now")
    sync.add_argument("tenant", help="the tenant's slug")
    add(
        "reconcile",
        "catching_up:reconcile",
        "fetch the billing state of every tenant that may have missed something",
    )
    replay = add(
        "replay",
        "catching_up:replay",
        "list the jobs that gave up, or give them or an event another chance",
    )
    replay.add_argument("what", nargs="?", help="`all`, the number of a job, or the id of an event (evt_...)")
    operator = add("operator", "tenants:operator", "let a person use the operator's console, or no longer")
    operator.add_argument("action", choices=["grant", "revoke"])
    operator.add_argument("email", help="the person's e-mail address")
    usage = add("usage", "catching_up:usage", "report usage to Stripe now")
    usage.add_argument("action", choices=["report"])
    usage.add_argument("--open-hour", action="store_true", help="also report the hour that is not over yet")
    return made


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text} is not a port: 1 to 65535")
    return int(text)
