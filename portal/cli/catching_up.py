"""What makes good after something went wrong: fetching anew, trying again, reporting."""

from __future__ import annotations

import argparse
import sys

from portal.app import create_app
from portal.gateway.client import WORKER
from portal.jobs.replay import dead_jobs, replay_dead
from portal.kit.errors import NotFound
from portal.sync.reconcile import reconcile as fetch_missed
from portal.sync.usage import report_usage
from portal.web.filters import plural
from portal.web.unit_of_work import unit_of_work
from portal.webhooks.inbox import replay_event


def reconcile(_arguments: argparse.Namespace) -> int:
    """Fetch the billing state of every tenant that may have missed something."""
    with create_app(patience=WORKER).app_context():
        found = fetch_missed()
    print(f"{plural(found.customers, 'customer')} looked at, {len(found.drifted)} brought to Stripe's state")
    for stripe_id in found.failed:
        print(f"portal: {stripe_id} could not be fetched; the next sweep tries again", file=sys.stderr)
    return 1 if found.failed else 0


def replay(arguments: argparse.Namespace) -> int:
    """List the jobs that gave up, or give them (or an event) another chance."""
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
        print(plural(count, "job"), "will be tried again")
        return 0 if count or what == "all" else 1


def usage(arguments: argparse.Namespace) -> int:
    """Report usage to Stripe now."""
    with create_app(patience=WORKER).app_context():
        done = report_usage(include_open=arguments.open_hour)
    print(f"{plural(done.sent, 'report')} counted by Stripe, {done.refused} refused")
    return 0
