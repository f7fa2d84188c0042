"""The whole emulator: the API without sockets, its faults, its webhook deliveries, and the passing of real time."""

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count

from portal.emulator import control, deliveries
from portal.emulator.answer import Answer, json_answer
from portal.emulator.billing.time import run_due
from portal.emulator.faults import Fault, Faults, NoAnswer, refusal
from portal.emulator.store import Store
from portal.emulator.wire.service import ApiRequest, Service


class Emulator:
    """A Stripe account in test mode. Safe to use from several threads."""

    def __init__(
        self,
        store_path: str | None = None,
        seed: int | None = 0,
        base_url: str = "http://127.0.0.1:12111",
        deliver: deliveries.Deliver | None = None,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the account kept at `store_path` (None: in memory). `deliver` sends webhooks; by default over HTTP.

        The same seed and the same calls give the same ids; seed None gives ids no other store repeats. `base_url`
        is where clients reach the emulator: hosted pages begin with it.
        """
        self.store = Store(store_path, seed=seed, base_url=base_url, wall_clock=wall_clock)
        self.faults = Faults(self.store)
        self.deliver = deliver or deliveries.post
        self.something_to_deliver = threading.Event()
        self._service = Service(self.store, partial(run_due, self.store))
        self._requests = count(1)

    def handle(
        self, method: str, path: str, query_string: str, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        """Answer one API request, or one command of the control interface.

        Refusals are answers. Raises NoAnswer where a fault wants the client to get none; any other exception is a
        defect of the emulator.
        """
        if path.startswith(control.PREFIX):
            return control.answer(self, method, path, body)
        lowered = {name.lower(): value for name, value in headers.items()}
        # Whoever opens the same store again, or at the same time, numbers other requests.
        request_id = f"req_{self.store.opened:04d}{next(self._requests):010d}"
        request = ApiRequest(request_id, method, path, query_string, body, lowered)
        fault = self.faults.take(method, path)
        if fault is not None and not fault.leaves_effect:
            return _spoilt(fault, request)
        answer = self._service.answer(request, read_from=self.faults.stale_store(method, path))
        if method != "GET":
            self.something_to_deliver.set()
        if fault is None:
            return answer
        spoilt = _spoilt(fault, request)
        if fault.kind == "error_kept":
            self._service.remember_instead(request, spoilt)
        return spoilt

    def deliver_due(self, *, also_waiting: bool = False) -> int:
        """Send every webhook delivery that is due (`also_waiting`: also delayed ones and retries); return how many."""
        return deliveries.deliver_due(self.store, self.deliver, also_waiting=also_waiting)

    def let_time_pass(self) -> int:
        """Let what is due in real time happen; return how much did."""
        return run_due(self.store)

    def reset(self) -> None:
        """Forget everything, faults included."""
        self.faults.clear()
        self.store.reset()


def _spoilt(fault: Fault, request: ApiRequest) -> Answer:
    error = refusal(fault)
    if error is None:
        raise NoAnswer(fault.seconds if fault.kind.startswith("hang") else 0.0)
    return json_answer(error.status, error.body(request.id), {"Request-Id": request.id})
