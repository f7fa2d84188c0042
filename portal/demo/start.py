"""From an empty folder to a running portal: emulator, schema, catalogue, demo data, pages and worker."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from portal.demo.processes import ROOT, Processes
from portal.demo.settings import uses_stripe_itself

PREPARED = "prepared"


def start(
    processes: Processes,
    environment: Mapping[str, str],
    given: Mapping[str, str],
    var: Path,
    *,
    with_demo: bool = True,
) -> str:
    """Start everything and return the demo's sign-in lines. Work done by an earlier start is not done again."""
    prepared = var / PREPARED
    fingerprint = _fingerprint(given)
    done = json.loads(prepared.read_text()) if prepared.exists() else {}
    emulated = not uses_stripe_itself(given)
    if emulated:
        store = str(var / "emulator.db")
        processes.start(
            "emulator",
            ["emulator", "--port", environment["EMULATOR_PORT"], "--store", store, "--living-clocks"],
        )
    if done.get("fingerprint") != fingerprint:
        if emulated:
            processes.wait_for("emulator", f"{environment['STRIPE_API_BASE']}/healthz")
        processes.run("setup", ["db", "upgrade"])
        processes.run("setup", ["catalog", "push"])
        wants_demo = with_demo and not environment["STRIPE_SECRET_KEY"].startswith(("sk_live_", "rk_live_"))
        lines = processes.run("setup", ["demo"]) if wants_demo else ""
        if emulated:
            # After the demo's two months of history, which need no deliveries.
            _register_webhook(environment)
        done = {"fingerprint": fingerprint, "lines": lines}
        prepared.write_text(json.dumps(done))
    processes.start("portal", ["serve"])
    if emulated:
        processes.wait_for("emulator", f"{environment['STRIPE_API_BASE']}/healthz")
    processes.wait_for("portal", f"http://127.0.0.1:{environment['PORT']}/readyz")
    # Last, because nobody waits for it: on two cores three starts at once would slow the page down.
    processes.start("worker", ["worker"])
    return str(done["lines"])


def _fingerprint(given: Mapping[str, str]) -> str:
    """What an earlier start prepared for: schema, catalogue and whose Stripe. Any change prepares again."""
    found = hashlib.sha256()
    for path in sorted((ROOT / "migrations" / "versions").glob("*.py")):
        found.update(path.read_bytes())
    found.update(Path(given.get("CATALOG", ROOT / "catalog.toml")).read_bytes())
    for name in (
        "STRIPE_SECRET_KEY",
        "STRIPE_SECRET_KEY_FILE",
        "DATABASE_URL",
        "PUBLIC_URL",
        "PORT",
        "EMULATOR_PORT",
    ):
        found.update(f"{name}={given.get(name, '')};".encode())
    return found.hexdigest()


def _register_webhook(environment: Mapping[str, str]) -> None:
    """Tell the emulator where the portal listens, with the secret the portal already knows."""
    body = json.dumps(
        {
            "url": f"http://127.0.0.1:{environment['PORT']}/webhooks/stripe",
            "secret": environment["STRIPE_WEBHOOK_SECRET"],
        }
    ).encode()
    request = urllib.request.Request(  # noqa: S310 - our own loopback address
        f"{environment['STRIPE_API_BASE']}/_emulator/webhook_endpoint",
        data=body,
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310
        pass
