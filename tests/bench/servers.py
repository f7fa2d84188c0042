"""Starts gunicorn for ours and for a floor, and reads what its processes used from the kernel."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Server:
    """A running gunicorn and its port."""

    master: int
    port: int

    @property
    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.master}/task/{self.master}/children").read_text().split()
        return [int(pid) for pid in children]

    def cpu_seconds(self) -> float:
        """User and system time of the workers so far."""
        total = 0
        for pid in self.workers:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def rss_megabytes(self) -> float:
        """The largest resident size among the workers."""
        sizes = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES for pid in self.workers]
        return max(sizes) / 1e6


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def gunicorn(
    target: str, environment: Mapping[str, str], *, kind: str, probe: str, settings: str = "bare"
) -> Iterator[Server]:
    """Serve a WSGI target with two workers (`sync`, or `gthread` with four threads each) until the block ends.

    `settings` names the gunicorn configuration beside this file: `bare`, or `deployed` for ours as it runs in life.
    """
    port = free_port()
    words = [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        f"tests/bench/{settings}.conf.py",
        target,
        "-b",
        f"127.0.0.1:{port}",
        "-w",
        "2",
    ]
    words += ["-k", kind, "--log-level", "error", "--no-control-socket"]
    words += ["--threads", "4"] if kind == "gthread" else []
    given = {**os.environ, "MALLOC_ARENA_MAX": "2", **environment, "PORT": str(port)}
    child = subprocess.Popen(words, cwd=ROOT, env=given)
    try:
        _wait(port, probe, child)
        yield Server(child.pid, port)
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(timeout=15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait(port: int, probe: str, child: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if child.poll() is not None:
            raise RuntimeError("the server ended before it answered")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{probe}", timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not answer within 30 s")
