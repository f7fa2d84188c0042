"""Starts the processes of the demo, waits until they answer, and stops every one of them again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STOP_SECONDS = 15


class DemoError(Exception):
    """The demo cannot start; the message is one line for the person at the terminal."""


class Processes:
    """The children of one run. Each has its own process group, so that a Ctrl-C at the terminal reaches them only
    through `stop`, in order."""

    def __init__(self, environment: Mapping[str, str], logs: Path) -> None:
        self._environment = dict(environment)
        self._logs = logs
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, words: Sequence[str]) -> None:
        """Start `portal <words>`; its output goes to `<name>.log`."""
        with (self._logs / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "portal.cli", *words],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._running.append((name, child))

    def run(self, name: str, words: Sequence[str]) -> str:
        """Run `portal <words>` to its end and return what it printed. Raises DemoError with its last line."""
        done = subprocess.run(
            [sys.executable, "-m", "portal.cli", *words],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        with (self._logs / f"{name}.log").open("a", encoding="utf-8") as log:
            log.write(done.stdout + done.stderr)
        if done.returncode != 0:
            last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
            raise DemoError(f"`portal {' '.join(words)}` failed: {last}")
        return done.stdout.strip()

    def wait_for(self, name: str, url: str, seconds: float = 30) -> None:
        """Wait until an address answers. Raises DemoError when its process ends or the time is up."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.check()
            try:
                with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own loopback address
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise DemoError(f"{name} did not answer within {seconds:.0f} s; see {self._logs / name}.log")

    def check(self) -> None:
        """Raise DemoError if a process has ended by itself."""
        for name, child in self._running:
            if child.poll() is not None:
                lines = (self._logs / f"{name}.log").read_text(errors="replace").strip().splitlines()
                raise DemoError(f"{name} stopped: {lines[-1] if lines else 'it printed nothing'}")

    def kill(self, name: str) -> None:
        """End one process at once and without warning, as a crash would, and forget it."""
        for entry in [entry for entry in self._running if entry[0] == name]:
            os.killpg(entry[1].pid, signal.SIGKILL)
            entry[1].wait()
            self._running.remove(entry)

    def stop(self) -> None:
        """Ask every process to end, last started first; whoever does not within 15 s is killed."""
        for _, child in reversed(self._running):
            if child.poll() is None:
                child.terminate()
        end = time.monotonic() + STOP_SECONDS
        for _, child in reversed(self._running):
            try:
                child.wait(timeout=max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        self._running.clear()


def require_free_port(port: int, setting: str) -> None:
    """Raise DemoError if something already listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise DemoError(f"port {port} is busy; stop what uses it or set {setting} to another") from error
