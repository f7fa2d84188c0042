"""The `portal` command line. Each command imports what it needs when it runs, so that `--help` is quick."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

Command = Callable[[argparse.Namespace], int]


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status; settings that are wrong are one line on standard error."""
    from portal.config import ConfigError
    from portal.kit.errors import PortalError
    from portal.plans.catalog import CatalogError
    from portal.web.logs import configure

    arguments = _parser().parse_args(argv)
    command: Command = arguments.command
    # A command that a person watches says what it did; only the worker's log is its output.
    configure(logging.INFO if command is _worker else logging.WARNING)
    # Where 2 has a meaning of its own, a mistake is 1.
    mistaken = 1 if getattr(arguments, "detailed_exitcode", False) else 2
    try:
        return command(arguments)
    except ConfigError as error:
        print(f"portal: {error}", file=sys.stderr)
        return mistaken
    except CatalogError as error:
        # One line for each mistake, as editors and terminals understand them: file:line: message.
        print(error, file=sys.stderr)
        return mistaken
    except PortalError as error:
        print(f"portal: {str(error)[:300]}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="portal", description="A customer billing portal on Stripe.")
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(command=command)
        return made

    serve = add("serve", _serve, "serve the pages and webhooks under gunicorn (HOST, PORT, WEB_CONCURRENCY)")
    serve.add_argument("--with-worker", action="store_true", help="also work the jobs in the web processes")
    add("worker", _worker, "work the jobs until told to stop")
    emulator = add("emulator", _emulator, "serve the Stripe emulator, for trying, developing and testing")
    emulator.add_argument("--host", default="127.0.0.1")
    emulator.add_argument("--port", type=int, default=int(os.environ.get("EMULATOR_PORT", "12111")))
    emulator.add_argument("--store", help="SQLite file that keeps the state (default: in memory)")
    emulator.add_argument(
        "--living-clocks",
        action="store_true",
        help="give every customer a test clock that follows real time until it is advanced",
    )
    add("demo", _demo, "add the demo tenant with members, invoices and usage, if it is not there")
    database = add("db", _db, "move the database's schema")
    database.add_argument("action", choices=["upgrade", "downgrade", "revise", "check"])
    database.add_argument("argument", nargs="?", help="the revision to go to, or the message of a new one")
    catalog = add(
        "catalog",
        _catalog,
        "check the catalogue, say what differs at Stripe, bring it there, or read it back",
    )
    catalog.add_argument("action", choices=["check", "plan", "push", "pull"])
    catalog.add_argument(
        "--detailed-exitcode", action="store_true", help="plan: exit 2 if there are changes, 1 for an error"
    )
    catalog.add_argument("--base", type=Path, help="pull: a catalogue that has what Stripe does not hold")
    catalog.add_argument("--output", type=Path, help="pull: the file to write (default: standard output)")
    catalog.add_argument("--force", action="store_true", help="pull: write over a file that is there")
    invitation = add("plan-invitation", _plan_invitation, "open a plan sold by invitation to a tenant")
    invitation.add_argument("action", choices=["grant", "revoke"])
    invitation.add_argument("tenant", help="the tenant's slug")
    invitation.add_argument("plan", help="the plan's key in the catalogue")
    sync = add("sync", _sync, "fetch one tenant's billing state from Stripe now")
    sync.add_argument("tenant", help="the tenant's slug")
    add("reconcile", _reconcile, "fetch the billing state of every tenant that may have missed something")
    replay = add("replay", _replay, "list the jobs that gave up, or give them (or an event) another chance")
    replay.add_argument("what", nargs="?", help="`all`, the number of a job, or the id of an event (evt_...)")
    operator = add("operator", _operator, "let a person use the operator's console, or no longer")
    operator.add_argument("action", choices=["grant", "revoke"])
    operator.add_argument("email", help="the person's e-mail address")
    usage = add("usage", _usage, "report usage to Stripe now")
    usage.add_argument("action", choices=["report"])
    usage.add_argument("--open-hour", action="store_true", help="also report the hour that is not over yet")
    return parser


def _serve(arguments: argparse.Namespace) -> int:
    from portal.config import Config
    from portal.kit.shipped import SHIPPED

    Config.from_env(os.environ)
    if arguments.with_worker:
        os.environ["PORTAL_WITH_WORKER"] = "1"
    # Threads that allocate in arenas of their own keep memory nobody uses.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    words = [sys.executable, "-m", "gunicorn", "-c", str(SHIPPED / "gunicorn.conf.py"), "portal.wsgi:app"]
    os.execv(sys.executable, words)  # noqa: S606 - our own interpreter with fixed words


def _worker(_arguments: argparse.Namespace) -> int:
    from portal.app import create_app
    from portal.gateway.client import WORKER
    from portal.jobs.worker import Worker

    Worker(create_app(patience=WORKER)).run()
    return 0


def _emulator(arguments: argparse.Namespace) -> int:
    from portal.emulator.serve import serve

    serve(arguments.host, arguments.port, arguments.store, living_clocks=arguments.living_clocks)
    return 0


def _demo(_arguments: argparse.Namespace) -> int:
    from portal.app import create_app
    from portal.demo.seed import seed
    from portal.gateway.client import WORKER

    with create_app(patience=WORKER).app_context():
        print(seed())
    return 0


def _db(arguments: argparse.Namespace) -> int:
    from portal import migrate
    from portal.app import create_app
    from portal.extensions import db

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


def _catalog(arguments: argparse.Namespace) -> int:
    from portal.app import create_app
    from portal.gateway.client import WORKER
    from portal.sync.catalog.push import plan_catalog, push_catalog
    from portal.sync.catalog.show import shown

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
                return _pull_catalog(arguments)
    return 0


def _pull_catalog(arguments: argparse.Namespace) -> int:
    from portal.plans.read_catalog import load_catalog, parse_catalog
    from portal.plans.write_catalog import write_catalog
    from portal.sync.catalog.pull import pull_catalog

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


def _plan_invitation(arguments: argparse.Namespace) -> int:
    import sqlalchemy as sa

    from portal.app import create_app
    from portal.extensions import db
    from portal.plans.invitations import grant, revoke
    from portal.tenants.models import Tenant
    from portal.web.unit_of_work import unit_of_work

    with create_app().app_context(), unit_of_work():
        tenant_id = db.session.scalar(sa.select(Tenant.id).where(Tenant.slug == arguments.tenant))
        if tenant_id is None:
            print(f"portal: there is no tenant {arguments.tenant!r}", file=sys.stderr)
            return 1
        if arguments.action == "grant":
            is_new = grant(tenant_id, arguments.plan, by=None)
            print("the plan is open to the tenant now" if is_new else "it was open to the tenant already")
        else:
            was_open = revoke(tenant_id, arguments.plan, by=None)
            print("the plan is closed to the tenant now" if was_open else "it was not open to the tenant")
    return 0


def _sync(arguments: argparse.Namespace) -> int:
    import sqlalchemy as sa

    from portal.app import create_app
    from portal.customers.models import Customer
    from portal.extensions import db
    from portal.gateway.client import WORKER
    from portal.sync.customer import sync_customer
    from portal.tenants.models import Tenant

    with create_app(patience=WORKER).app_context():
        found = db.session.scalar(
            sa.select(Customer.id)
            .join(Tenant, Tenant.id == Customer.tenant_id)
            .where(Tenant.slug == arguments.tenant)
        )
        db.session.rollback()
        if found is None:
            print(f"portal: there is no tenant {arguments.tenant!r}", file=sys.stderr)
            return 1
        print(sync_customer(found, trigger="operator"))
    return 0


def _reconcile(_arguments: argparse.Namespace) -> int:
    from portal.app import create_app
    from portal.gateway.client import WORKER
    from portal.sync.reconcile import reconcile

    with create_app(patience=WORKER).app_context():
        print(reconcile())
    return 0


def _replay(arguments: argparse.Namespace) -> int:
    from portal.app import create_app
    from portal.jobs.replay import dead_jobs, replay_dead
    from portal.kit.errors import NotFound
    from portal.web.unit_of_work import unit_of_work
    from portal.webhooks.inbox import replay_event

    what: str | None = arguments.what
    with create_app().app_context(), unit_of_work():
        if what is None:
            for job in dead_jobs():
                print(f"{job.id}  {job.name}  {job.attempts} attempts  {job.last_error}")
            return 0
        if what.startswith("evt_"):
            try:
                replay_event(what)
            except NotFound as error:
                print(f"portal: {error}", file=sys.stderr)
                return 1
            print("its customer will be synced by the worker")
            return 0
        if what != "all" and not what.isdecimal():
            print("portal: say `all`, the number of a job, or the id of an event", file=sys.stderr)
            return 2
        count = replay_dead() if what == "all" else replay_dead(job_id=int(what))
        print("1 job" if count == 1 else f"{count} jobs", "will be tried again")
        return 0 if count or what == "all" else 1


def _operator(arguments: argparse.Namespace) -> int:
    from portal.accounts.staff import grant_staff, revoke_staff
    from portal.app import create_app
    from portal.web.unit_of_work import unit_of_work

    verb = grant_staff if arguments.action == "grant" else revoke_staff
    with create_app().app_context(), unit_of_work():
        print(verb(arguments.email))
    return 0


def _usage(arguments: argparse.Namespace) -> int:
    from portal.app import create_app
    from portal.gateway.client import WORKER
    from portal.sync.usage import report_usage

    with create_app(patience=WORKER).app_context():
        done = report_usage(include_open=arguments.open_hour)
    print(f"{done.sent} reports counted by Stripe, {done.refused} refused")
    return 0


if __name__ == "__main__":
    sys.exit(main())
