"""Pages against the five-select page of the same size: CPU of the workers per request; and the memory of our workers
as they are deployed."""

from __future__ import annotations

from statistics import median

from flask.sessions import SecureCookieSessionInterface

from portal.web.unit_of_work import Portal
from tests.bench.data import SESSION_SECRET
from tests.bench.load import Request, closed_loop
from tests.bench.servers import Server, gunicorn

PAGES = ("overview", "plans", "seats", "usage", "invoices")


def cookie(app: Portal) -> str:
    """Return the Cookie header of the bench's signed-in owner."""
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    return f"{app.config['SESSION_COOKIE_NAME']}={serializer.dumps({'_user_id': SESSION_SECRET, '_fresh': True})}"


def measure(app: Portal, environment: dict[str, str], *, rounds: int, requests: int) -> dict[str, float]:
    """Return, per page, the CPU ratio to a floor page of the same size, and the memory of our largest worker after
    all pages."""
    headers = {"Cookie": cookie(app)}
    client = app.test_client()
    client.set_cookie(*headers["Cookie"].split("=", 1))
    figures: dict[str, float] = {}
    with gunicorn("wsgi:app", environment, kind="gthread", probe="/healthz") as ours:
        for page in PAGES:
            answer = client.get(f"/t/bench-0/{page}")
            if answer.status_code != 200:
                raise RuntimeError(f"{page} answered {answer.status_code}")
            size = len(answer.data)
            floor_environment = {**environment, "FLOOR": "page", "FLOOR_BYTES": str(size)}
            with gunicorn(
                "tests.bench.floors:application", floor_environment, kind="gthread", probe="/"
            ) as floor:
                ratios, mine = [], []
                for _ in range(rounds):
                    here = _cpu(ours, requests, ("GET", f"/t/bench-0/{page}", None, headers))
                    there = _cpu(floor, requests, ("GET", "/", None, {}))
                    ratios.append(here / there)
                    mine.append(1000 * here)
            figures[f"{page} kB"] = size / 1000
            figures[f"{page} CPU ms"] = median(mine)
            figures[f"{page} ratio"] = median(ratios)
    with gunicorn("wsgi:app", environment, kind="gthread", probe="/healthz", settings="deployed") as ours:
        for page in PAGES * 3:
            _cpu(ours, requests, ("GET", f"/t/bench-0/{page}", None, headers))
        figures["RSS MB per worker"] = ours.rss_megabytes()
    return figures


def _cpu(server: Server, requests: int, request: Request) -> float:
    """CPU seconds of the workers per request."""
    before = server.cpu_seconds()
    closed_loop(server.port, requests, lambda _n: request)
    return (server.cpu_seconds() - before) / requests
