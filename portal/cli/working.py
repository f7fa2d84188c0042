"""Starting a worker."""

from __future__ import annotations

import argparse

from portal.app import create_app
from portal.gateway.client import WORKER
from portal.jobs.worker import Worker


def work(_arguments: argparse.Namespace) -> int:
    """Work the jobs until told to stop."""
    Worker(create_app(patience=WORKER)).run()
    return 0
