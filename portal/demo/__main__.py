"""`./dev run [--reset]`: start everything, print where to go, and stop it all on Ctrl-C."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from portal.demo.processes import ROOT, DemoError, Processes, require_free_port
from portal.demo.settings import environment, uses_stripe_itself
from portal.demo.start import start


def main() -> int:
    """Run until interrupted; 1 with one line on standard error when something is in the way."""
    parser = argparse.ArgumentParser(prog="./dev run", description="Run the portal with its demo tenant.")
    parser.add_argument("--reset", action="store_true", help="throw the demo's data away and start over")
    arguments = parser.parse_args()
    var = ROOT / "var"
    port = int(os.environ.get("PORT", "8000"))
    emulator_port = int(os.environ.get("EMULATOR_PORT", "12111"))
    signal.signal(signal.SIGTERM, _interrupt)
    processes: Processes | None = None
    try:
        require_free_port(port, "PORT")
        if not uses_stripe_itself(os.environ):
            require_free_port(emulator_port, "EMULATOR_PORT")
        if arguments.reset:
            _reset(var)
        settings = environment(var, os.environ, port=port, emulator_port=emulator_port)
        processes = Processes(settings, var / "logs")
        lines = start(processes, settings, os.environ, var)
        _announce(settings, lines, var)
        while True:
            processes.check()
            time.sleep(0.5)
    except DemoError as error:
        print(f"dev: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopping ...", flush=True)
        return 0
    finally:
        if processes is not None:
            processes.stop()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _reset(var: Path) -> None:
    """Remove what the demo wrote, and only that."""
    for name in ("portal.db", "emulator.db"):
        for suffix in ("", "-wal", "-shm"):
            (var / f"{name}{suffix}").unlink(missing_ok=True)
    (var / "prepared").unlink(missing_ok=True)
    shutil.rmtree(var / "logs", ignore_errors=True)


def _announce(settings: dict[str, str], lines: str, var: Path) -> None:
    print(f"\n  The portal      {settings['PUBLIC_URL']}")
    for line in lines.splitlines():
        print(f"                  {line}")
    if settings.get("MAIL_URL", "mailbox:") == "mailbox:":
        print(f"  Its mail        {settings['PUBLIC_URL']}/mailbox")
    if "STRIPE_API_BASE" in settings:
        print(f"  Stripe emulator {settings['STRIPE_API_BASE']}  (customers, time machine, events)")
    else:
        print("  Stripe          your own account, by STRIPE_SECRET_KEY")
    print(f"  Logs            {var / 'logs'}\n\n  Ctrl-C stops everything.\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
