"""What the host product is told a tenant may do."""

from __future__ import annotations

from flask.testing import FlaskClient

from tests.fixtures.cast import Cast
from tests.fixtures.catalog import Subscribe
from tests.fixtures.outage import Outage

PATH = "/api/v1/entitlements"


def test_the_plan_is_answered_from_what_we_know(
    cast: Cast, subscribe: Subscribe, client: FlaskClient, api_key: str, stripe_outage: Outage
) -> None:
    subscribe(cast.tenant, "pro", seats=4)
    with stripe_outage():
        answer = client.get(PATH, headers={"Authorization": f"Bearer {api_key}"}).get_json()
    assert (answer["plan"], answer["status"], answer["access"], answer["seats"]) == (
        "pro",
        "active",
        "full",
        4,
    )
    assert answer["features"] == ["reports", "priority_support"]


def test_without_a_subscription_it_is_the_free_plan(cast: Cast, client: FlaskClient, api_key: str) -> None:
    answer = client.get(PATH, headers={"Authorization": f"Bearer {api_key}"}).get_json()
    assert (answer["plan"], answer["status"], answer["seats"]) == ("free", None, 1)
