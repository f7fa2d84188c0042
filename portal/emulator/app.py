"""The whole emulator: the API without sockets, the same as a WSGI app with its pages, and its webhook deliveries."""

import threading
import time
from collections.abc import Callable, Mapping
from itertools import count

from portal.emulator import deliveries
from portal.emulator.answer import Answer
from portal.emulator.store import Store
from portal.emulator.wire.service import ApiRequest, Service


class Emulator:
    """A Stripe account in test mode: its API, its hosted pages, its webhooks and its clocks."""

    def __init__(
        self,
        store_path: str | None = None,
        seed: int | None = 0,
        base_url: str = "http://127.0.0.1:12111",
        deliver: deliveries.Deliver | None = None,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the account kept at `store_path` (None: in memory). `deliver` sends webhooks; by default over HTTP.

        The same seed and the same calls give the same ids; seed None gives ids no other store repeats.
        """
        self.store = Store(store_path, seed=seed, base_url=base_url, wall_clock=wall_clock)
        self.deliver = deliver or deliveries.post
        self.wake = threading.Event()
        self._service = Service(self.store)
        self._requests = count(1)

    def handle(
        self, method: str, path: str, query_string: str, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        """Answer one API request. Refusals are answers; an exception is a defect of the emulator."""
        lowered = {name.lower(): value for name, value in headers.items()}
        request_id = f"req_{next(self._requests):014d}"
        answer = self._service.answer(ApiRequest(request_id, method, path, query_string, body, lowered))
        if method != "GET":
            self.wake.set()
        return answer

    def deliver_due(self, *, also_waiting: bool = False) -> int:
        """Send every webhook delivery that is due (`also_waiting`: also delayed ones and retries); return how many."""
        return deliveries.deliver_due(self.store, self.deliver, also_waiting=also_waiting)
