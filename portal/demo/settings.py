"""The demo's settings: made once in `var/` and kept, so that sessions and signatures survive a restart."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path


def environment(var: Path, given: Mapping[str, str], *, port: int, emulator_port: int) -> dict[str, str]:
    """Return the environment for every process: what the person set, completed with the demo's own values.

    With STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET given, nothing points at the emulator.
    """
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = dict(given)
    made.setdefault("SECRET_KEY", _kept(var / "secret_key", lambda: secrets.token_urlsafe(48)))
    made.setdefault("DATABASE_URL", f"sqlite:///{var / 'portal.db'}")
    made.setdefault("PUBLIC_URL", f"http://127.0.0.1:{port}")
    made["PORT"] = str(port)
    made.setdefault("NO_PROXY", "127.0.0.1,localhost")
    if not uses_stripe_itself(given):
        emulator = f"http://127.0.0.1:{emulator_port}"
        made["EMULATOR_PORT"] = str(emulator_port)
        made["STRIPE_SECRET_KEY"] = "sk_test_demo"  # noqa: S105 - the emulator takes any test key
        made["STRIPE_API_BASE"] = emulator
        made["STRIPE_PAGE_ORIGINS"] = emulator
        made["STRIPE_WEBHOOK_SECRET"] = _kept(
            var / "webhook_secret", lambda: "whsec_" + secrets.token_urlsafe(24)
        )
    return made


def uses_stripe_itself(given: Mapping[str, str]) -> bool:
    """Tell whether the person gave the keys of a Stripe account (one alone is a mistake the portal names)."""
    names = ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET")
    return any(given.get(name) or given.get(f"{name}_FILE") for name in names)


def _kept(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(make())
    return path.read_text(encoding="utf-8").strip()
