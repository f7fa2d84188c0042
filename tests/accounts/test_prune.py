"""The daily housekeeping of accounts."""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient

from portal.accounts.models import OneTimeToken, Throttle, User, UserSession
from portal.extensions import db
from portal.jobs.queue import enqueue
from portal.kit.clock import running_on, utcnow
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.people import SignIn


def test_what_is_over_for_long_goes_and_the_rest_stays(
    client: FlaskClient, pat: User, sign_in: SignIn, drain_jobs: DrainJobs
) -> None:
    client.post("/reset", data={"email": pat.email})
    sign_in(pat.email)
    for days, left in ((1, (1, 0, 1)), (3, (0, 0, 1)), (91, (0, 0, 0))):
        later = utcnow() + timedelta(days=days)
        with running_on(lambda at=later: at):  # type: ignore[misc]
            enqueue("accounts.prune", {})
            drain_jobs(["default"])
        assert (
            tuple(db.session.query(table).count() for table in (OneTimeToken, Throttle, UserSession)) == left
        )
