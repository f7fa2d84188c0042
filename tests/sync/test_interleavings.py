"""Two syncs and one change at Stripe, in every order their steps can fall."""

from __future__ import annotations

from itertools import pairwise

from portal.customers.queries import customer_of
from portal.sync.customer import sync_customer
from portal.sync.mark import mark_customer
from portal.web.unit_of_work import unit_of_work
from tests.fixtures.cast import Cast
from tests.fixtures.interleaving import all_orders, behind_the_fence, behind_the_last_written, play
from tests.fixtures.jobs import DrainJobs
from tests.fixtures.webhooks import Stripe


def test_there_are_140_orders() -> None:
    assert len(all_orders()) == 140


def test_no_order_lets_an_older_picture_win(
    cast: Cast, stripe_account: Stripe, drain_jobs: DrainJobs
) -> None:
    customer = stripe_account.customer_of(cast.tenant)
    stripe_account.rename(customer, "0")
    sync_customer(customer.id, trigger="operator")

    for number, order in enumerate(all_orders(), start=1):

        def change(name: str = str(number)) -> None:
            stripe_account.rename(customer, name)
            with unit_of_work():
                mark_customer(customer.id, customer.tenant_id)

        seen = [int(name) for name in play(order, customer.id, change, behind_the_fence, again=True)]
        assert all(before <= after for before, after in pairwise(seen)), order
        drain_jobs(["stripe"])
        row = customer_of(cast.tenant.id)
        assert row is not None
        assert row.name == str(number), order


def test_comparing_with_the_last_written_ticket_would_lose_in_two_orders(
    cast: Cast, stripe_account: Stripe
) -> None:
    customer = stripe_account.customer_of(cast.tenant)
    stripe_account.rename(customer, "0")
    sync_customer(customer.id, trigger="operator")
    lost = []

    for number, order in enumerate(all_orders(), start=1):

        def change(name: str = str(number)) -> None:
            stripe_account.rename(customer, name)

        steps = play(order, customer.id, change, behind_the_last_written, again=False)
        seen = [int(name) for name in steps]
        if any(before > after for before, after in pairwise(seen)):
            lost.append(order)

    assert len(lost) == 2
