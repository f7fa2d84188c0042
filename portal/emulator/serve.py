"""Serving the emulator over HTTP: gunicorn with one process and several threads, and a thread that lets time pass
and sends webhooks.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from gunicorn.app.base import BaseApplication

from portal.emulator.app import Emulator
from portal.emulator.living_clocks import follow_real_time, let_clocks_live
from portal.emulator.wsgi import Web

_THREADS = 8
_STOP_SECONDS = 5
_TICK_SECONDS = 0.5
_log = logging.getLogger("portal.emulator")


def serve(
    host: str = "127.0.0.1",
    port: int = 12111,
    store_path: str | None = None,
    *,
    seed: int | None = None,
    living_clocks: bool = False,
    announce: bool = True,
) -> None:
    """Serve until told to stop (SIGTERM or SIGINT); requests and deliveries under way are finished.

    `living_clocks` gives every new customer a test clock that follows real time until somebody advances it.
    """
    base_url = f"http://{host if ':' not in host else f'[{host}]'}:{port}"
    if announce:
        print(f"Stripe emulator at {base_url} (console: {base_url}/)", flush=True)
    _Server(f"{host}:{port}", base_url, store_path, seed, living_clocks=living_clocks).run()


class Pulse(threading.Thread):
    """The emulator's own life: lets real time pass and sends webhooks, at once when there is something to send."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(name="emulator-pulse", daemon=True)
        self._emulator = emulator
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            self._emulator.something_to_deliver.wait(_TICK_SECONDS)
            self._emulator.something_to_deliver.clear()
            try:
                self._emulator.let_time_pass()
                follow_real_time(self._emulator.store)
                self._emulator.deliver_due()
            except Exception:
                _log.exception("the emulator failed while letting time pass or delivering")

    def stop(self) -> None:
        """Finish the delivery under way and end."""
        self._stopping.set()
        self._emulator.something_to_deliver.set()
        self.join(_STOP_SECONDS)


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn configured in code; the emulator is opened in the worker process, which is the only one to use it."""

    def __init__(
        self, bind: str, base_url: str, store_path: str | None, seed: int | None, *, living_clocks: bool
    ) -> None:
        self._bind = bind
        self._emulator_of = (store_path, seed, base_url)
        self._living_clocks = living_clocks
        self._pulse: Pulse | None = None
        super().__init__()

    def load_config(self) -> None:
        settings: dict[str, Any] = {
            "bind": self._bind,
            "workers": 1,
            "threads": _THREADS,
            "worker_class": "gthread",
            "timeout": 0,
            "graceful_timeout": _STOP_SECONDS,
            "keepalive": 5,
            "loglevel": "warning",
            "control_socket_disable": True,
            "proc_name": "stripe-emulator",
            "worker_exit": lambda _server, _worker: self._stop(),
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Web:
        store_path, seed, base_url = self._emulator_of
        emulator = Emulator(store_path, seed=seed, base_url=base_url)
        let_clocks_live(emulator.store, on=self._living_clocks)
        self._pulse = Pulse(emulator)
        self._pulse.start()
        return Web(emulator)

    def _stop(self) -> None:
        if self._pulse is not None:
            self._pulse.stop()
