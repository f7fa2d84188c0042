"""`./dev story`: starts everything on free ports in a temporary folder, plays the steps, prints a line for each, and
stops at the first thing that is wrong (exit status 1). With DATABASE_URL set it plays on that database."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from pathlib import Path

from portal.demo.browser import StoryError
from portal.demo.processes import DemoError, Processes
from portal.demo.settings import environment
from portal.demo.start import start
from portal.demo.story import buying, keeping, using
from portal.demo.story.world import World

STEPS = (
    ("Sign up", buying.sign_up),
    ("Plans page", buying.compare_plans),
    ("Checkout", buying.check_out),
    ("Webhooks", buying.receive_webhooks),
    ("Customer Portal", keeping.visit_customer_portal),
    ("Seats", using.manage_seats),
    ("Usage", using.report_usage),
    ("Invoices", using.read_invoices),
    ("Cancel, resume", keeping.cancel_and_resume),
    ("A month later", keeping.let_a_month_pass),
)


def main() -> int:
    """Play the story; 0 when every step saw what it should."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="portal-story-") as folder:
        var = Path(folder)
        given = {
            name: value for name, value in os.environ.items() if not name.startswith(("STRIPE_", "MAIL_"))
        }
        given.pop("PUBLIC_URL", None)
        port, emulator_port = _free_port(), _free_port()
        settings = environment(var, given, port=port, emulator_port=emulator_port)
        processes = Processes(settings, var / "logs")
        try:
            start(processes, settings, given, var, with_demo=False)
            world = World(settings["PUBLIC_URL"], settings["STRIPE_API_BASE"], processes)
            for number, (name, step) in enumerate(STEPS, 1):
                seen = step(world)
                print(f"{number:>2}  {name:<16} {seen}", flush=True)
        except (StoryError, DemoError) as error:
            print(f"story: {error}", file=sys.stderr)
            _show_errors(var / "logs")
            return 1
        finally:
            processes.stop()
    print(f"    all {len(STEPS)} steps in {time.monotonic() - begun:.0f} s")
    return 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _show_errors(logs: Path) -> None:
    """Print the last errors of each process, for whoever has to find out why."""
    for log in sorted(logs.glob("*.log")):
        lines = [
            line
            for line in log.read_text(errors="replace").splitlines()
            if '"error"' in line or "Error" in line
        ]
        for line in lines[-5:]:
            print(f"  {log.stem}: {line[:2000]}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
