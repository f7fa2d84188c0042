"""`./dev bench [--rounds N] [--only NAME]`: the ratios of docs/performance.md, measured on a real PostgreSQL.

Floors and ours run in one process tree, interleaved; medians over the rounds. The absolute figures belong to the
machine, the ratios are what counts.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator

import sqlalchemy as sa

from portal import migrate
from portal.app import create_app
from portal.config import Config
from portal.extensions import db
from tests.bench import data, emulator, ingestion, pages, webhooks
from tests.bench.servers import free_port
from tests.fixtures import postgres_server

GOALS = {
    "webhooks": (">=", 0.70),
    "ingestion 1000": (">=", 0.60),
    "ingestion 100": (">=", 0.40),
    "emulator: retrieve a product": ("<=", 3.00),
    "emulator: retrieve a subscription": ("<=", 3.00),
    "emulator: advance over a renewal": ("<=", 1.30),
}


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Give a database address: TEST_DATABASE_URL, or a server of our own for the length of the bench."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with postgres_server.server(durable=True) as url:
        yield url


def main() -> int:
    """Measure and print; 0 even where a goal is missed, because figures are for reading."""
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["webhooks", "pages", "ingestion", "emulator"])
    arguments = parser.parse_args()
    if arguments.only in (None, "emulator"):
        _emulator(arguments.rounds)
    if arguments.only == "emulator":
        return 0
    with postgresql() as url:
        environment = {
            "SECRET_KEY": "bench-0123456789abcdefghijklmnop",
            "DATABASE_URL": url,
            "STRIPE_SECRET_KEY": "sk_test_bench",
            "STRIPE_WEBHOOK_SECRET": "whsec_benchbenchbench",
            "STRIPE_API_BASE": f"http://127.0.0.1:{free_port()}",
            "NO_PROXY": "127.0.0.1",
        }
        app = create_app(Config.from_env(environment))
        with app.app_context():
            migrate.upgrade(db.engine)
            if not db.session.scalar(sa.text("SELECT count(*) FROM tenant")):
                data.fill()
            db.session.rollback()
        if arguments.only in (None, "webhooks"):
            _show("webhooks", webhooks.measure(environment, rounds=arguments.rounds, requests=2_000))
        if arguments.only in (None, "ingestion"):
            for batch, batches in ((1_000, 20), (100, 100)):
                figures = ingestion.measure(
                    environment, rounds=arguments.rounds, batch=batch, batches=batches
                )
                _show(f"ingestion {batch}", figures)
        if arguments.only in (None, "pages"):
            _show("pages", pages.measure(app, environment, rounds=arguments.rounds, requests=150))
        with app.app_context():
            db.engine.dispose()
    return 0


def _emulator(rounds: int) -> None:
    for kind in emulator.RETRIEVED:
        figures = emulator.measure_retrieve(kind, rounds=rounds, requests=500)
        _show(f"emulator: retrieve a {kind}", figures)
    figures = emulator.measure_advance(rounds=min(rounds, 5), due=1_000, more=49_000)
    _show("emulator: advance over a renewal", figures)


def _show(name: str, figures: dict[str, float]) -> None:
    goal = GOALS.get(name)
    print(f"\n{name}" + (f"   (goal: ratio {goal[0]} {goal[1]})" if goal else ""))
    for label, value in figures.items():
        print(f"  {label:<22} {value:>12,.2f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
