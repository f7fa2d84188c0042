"""The watch over shapes itself: it finds what is wrong, wherever it is said."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from portal.emulator.app import Emulator
from portal.emulator.events import emit
from tests.emulator.account import Account
from tests.emulator.raw import Raw
from tests.fixtures.emulator import SHAPES
from tests.fixtures.sdk_schema import event_findings, findings


@pytest.fixture
def subscription(account: Account) -> dict[str, Any]:
    """A subscription as it was answered, with much in it expanded."""
    made = account.subscribe(account.customer().id, account.price())
    found = account.v1.subscriptions.retrieve(
        made.id, {"expand": ["customer", "latest_invoice.payments", "items.data.price.product"]}
    )
    answer: dict[str, Any] = found.to_dict(for_json=True)
    assert findings(answer) == []
    return answer


@pytest.mark.parametrize(
    ("path", "value", "finding"),
    [
        (("colour",), "red", ".colour: unknown to the SDK"),
        (("status",), "asleep", ".status: 'asleep' is not one of"),
        (("status",), None, ".status: null"),
        (("created",), "now", ".created: expected int"),
        (("customer", "balance"), "5", ".customer.balance: expected int"),
        (("customer", "invoice_settings", "x"), 1, ".customer.invoice_settings.x: unknown"),
        (("items", "data", 0, "price", "product", "active"), None, ".price.product.active: null"),
        (("latest_invoice", "payments", "data", 0, "status"), None, ".payments.data[0].status: null"),
        (("latest_invoice", "lines", "url"), None, ".lines.url: missing in a list"),
    ],
)
def test_what_is_wrong_is_found_however_deep_it_lies(
    subscription: dict[str, Any], path: tuple[str | int, ...], value: object, finding: str
) -> None:
    at: Any = subscription
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    found = findings(subscription)
    assert len(found) == 1, found
    assert finding in found[0]


def test_what_is_missing_is_found(subscription: dict[str, Any]) -> None:
    del subscription["items"]["data"][0]["plan"]
    assert findings(subscription) == ["$(subscription).items.data[0].plan: required by the SDK and missing"]


def test_what_an_event_carries_is_looked_at(account: Account) -> None:
    event = deepcopy(account.last_event("product.created"))
    assert event_findings(event) == []
    event["data"]["object"]["name"] = None
    assert event_findings(event) == [
        "$(product.created).data.object.name: null, but the SDK does not allow null"
    ]


def caught() -> list[str]:
    """What was objected to so far; it is forgotten, so that it does not fail the test."""
    found = SHAPES.found + SHAPES.of_events()
    SHAPES.forget()
    return found


def test_an_answer_to_a_request_by_hand_is_looked_at(emulator: Emulator) -> None:
    raw = Raw(emulator)
    customer = raw.post("/v1/customers")[1]
    with emulator.store.transaction() as tx:
        tx.put({**customer, "colour": "red"})
    raw.get(f"/v1/customers/{customer['id']}")
    assert caught() == [f"GET /v1/customers/{customer['id']}: $(customer).colour: unknown to the SDK"]


def test_an_event_that_nobody_asked_for_is_looked_at(emulator: Emulator) -> None:
    with emulator.store.transaction() as tx:
        emit(tx, "customer.exploded", {"id": "cus_1", "object": "customer"})
    assert any("'customer.exploded' is not one of" in finding for finding in caught())


def test_a_webhook_is_looked_at(emulator: Emulator) -> None:
    raw = Raw(emulator)
    made = raw.post("/v1/webhook_endpoints", {"url": "https://example.com/", "enabled_events[]": "*"})[1]
    with emulator.store.transaction() as tx:
        endpoint = tx.get("webhook_endpoint", made["id"])
        assert endpoint is not None
        tx.put({**endpoint, "api_version": 5})
        emit(tx, "customer.created", {"id": "cus_1", "object": "customer"})
    emulator.deliver_due()
    assert "webhook: $(event).api_version: expected str, got int '5'" in caught()
