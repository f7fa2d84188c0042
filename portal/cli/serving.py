"""Starting the web server."""

from __future__ import annotations

import argparse
import os
import sys

from portal.config import Config
from portal.kit.shipped import SHIPPED


def serve(arguments: argparse.Namespace) -> int:
    """Serve pages, API and webhooks under gunicorn, in place of this process. Raises ConfigError for wrong settings."""
    Config.from_env(os.environ)
    if arguments.with_worker:
        os.environ["PORTAL_WITH_WORKER"] = "1"
    # Threads that allocate in arenas of their own keep memory nobody uses.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    words = [sys.executable, "-m", "gunicorn", "-c", str(SHIPPED / "gunicorn.conf.py"), "portal.wsgi:app"]
    os.execv(sys.executable, words)  # noqa: S606 - our own interpreter with fixed words
