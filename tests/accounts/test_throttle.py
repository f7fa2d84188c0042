"""Counting tries, exactly, over threads and windows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from portal.accounts.models import Throttle
from portal.accounts.throttle import Limit, TooManyTries, forget, forget_expired, network_of, spend
from portal.extensions import db
from portal.kit.clock import running_on, utcnow
from portal.web.unit_of_work import Portal

LIMIT = Limit("test", 5, timedelta(minutes=10))


def test_thirty_tries_at_once_let_exactly_the_limit_through(app: Portal) -> None:
    db.session.commit()

    def attempt(_number: int) -> bool:
        with app.app_context():
            try:
                spend((LIMIT, "pat"))
            except TooManyTries:
                return False
            return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(attempt, range(30))) == LIMIT.most


def test_a_refused_try_is_counted_too(app: Portal) -> None:
    for _ in range(LIMIT.most):
        spend((LIMIT, "pat"))
    for _ in range(2):
        with pytest.raises(TooManyTries):
            spend((LIMIT, "pat"))
    assert db.session.query(Throttle).one().count == LIMIT.most + 2


def test_subjects_are_counted_apart(app: Portal) -> None:
    for _ in range(LIMIT.most):
        spend((LIMIT, "pat"))
    spend((LIMIT, "sam"))
    assert sorted(row.count for row in db.session.query(Throttle)) == [1, LIMIT.most]


def test_a_new_window_counts_from_one(app: Portal) -> None:
    for _ in range(LIMIT.most):
        spend((LIMIT, "pat"))
    later = utcnow() + LIMIT.window
    with running_on(lambda: later):
        spend((LIMIT, "pat"))
    assert db.session.query(Throttle).one().count == 1


def test_the_subject_itself_is_not_stored(app: Portal) -> None:
    spend((LIMIT, "pat@northwind.example.com"))
    assert "pat" not in db.session.query(Throttle).one().key


def test_forgetting_starts_anew(app: Portal) -> None:
    spend((LIMIT, "pat"))
    forget(LIMIT, "pat")
    assert db.session.query(Throttle).count() == 0


def test_old_rows_are_cleared_away(app: Portal) -> None:
    spend((LIMIT, "pat"))
    assert forget_expired() == 0
    later = utcnow() + timedelta(days=2)
    with running_on(lambda: later):
        assert forget_expired() == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        (None, "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_one_person_is_one_network(address: str | None, network: str) -> None:
    assert network_of(address) == network
