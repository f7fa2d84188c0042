"""However webhooks come, in the end the portal's picture is Stripe's, and nothing was told twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from portal.sync.reconcile import reconcile
from tests.fixtures.history import Life, Post, state_at_stripe, state_here
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.time import Timed
from tests.fixtures.told import Told

OpenOffice = Callable[[random.Random, float], Post]
SEEDS = [*range(4), *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(4, 150))]


@pytest.mark.parametrize("seed", SEEDS)
def test_shuffled_and_doubled_webhooks_lead_to_stripes_state(
    timed: Timed, post: OpenOffice, drain_jobs: DrainJobs, told: Told, seed: int
) -> None:
    dice = random.Random(seed)
    life, office = Life(dice, timed), post(dice, 0.0)
    timed.sync()
    for _ in range(12):
        life.step()
        if dice.random() < 0.5:
            office.hand_over(dice.random())
            drain_jobs(["stripe"])
    office.hand_over(1.0)
    drain_jobs()

    assert state_here(timed) == state_at_stripe(timed), life.said
    assert set(office.account.answers) == {200}
    assert [each for each, count in Counter(told.once()).items() if count > 1] == [], life.said


@pytest.mark.parametrize("seed", SEEDS)
def test_lost_webhooks_are_made_good_by_reconciling(
    timed: Timed, post: OpenOffice, drain_jobs: DrainJobs, told: Told, seed: int
) -> None:
    dice = random.Random(1000 + seed)
    life, office = Life(dice, timed), post(dice, dice.choice((0.3, 0.7, 1.0)))
    for _ in range(12):
        life.step()
        if dice.random() < 0.5:
            office.hand_over(dice.random())
            drain_jobs(["stripe"])
    reconcile()
    drain_jobs()

    assert state_here(timed) == state_at_stripe(timed), life.said
    assert [each for each, count in Counter(told.once()).items() if count > 1] == [], life.said
