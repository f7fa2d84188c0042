"""A closed loop of a few connections, and what it saw. Bounded in count; talks to 127.0.0.1 only."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

Request = tuple[str, str, bytes | None, Mapping[str, str]]
"""Method, path, body, headers."""


@dataclass(frozen=True)
class Seen:
    """One round: requests per second, and the median and 95th percentile of one answer in milliseconds."""

    per_second: float
    p50_ms: float
    p95_ms: float


def closed_loop(port: int, requests: int, make: Callable[[int], Request], *, connections: int = 4) -> Seen:
    """Send `requests` requests over a few kept-alive connections. Raises RuntimeError on an answer of 400 or more."""
    times: list[float] = []
    failures: list[int] = []
    counter = iter(range(requests))
    lock = threading.Lock()

    def work() -> None:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while True:
            with lock:
                number = next(counter, None)
            if number is None:
                break
            method, path, body, headers = make(number)
            begun = time.perf_counter()
            client.request(method, path, body, dict(headers))
            answer = client.getresponse()
            answer.read()
            times.append(time.perf_counter() - begun)
            if answer.status >= 400:
                failures.append(answer.status)
        client.close()

    started = time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - started
    if failures:
        raise RuntimeError(f"{len(failures)} of {requests} answers failed, first with {failures[0]}")
    ordered = sorted(times)
    return Seen(requests / elapsed, 1000 * median(ordered), 1000 * ordered[int(0.95 * (len(ordered) - 1))])
