"""Faults on request, and the control interface that switches them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from portal.emulator.app import Emulator
from portal.emulator.faults import Fault, NoAnswer
from tests.emulator.conftest import Receiver, WallClock
from tests.emulator.raw import Raw
from tests.fixtures.emulator import client_of


def _command(emulator: Emulator, method: str, name: str, /, **sent: Any) -> tuple[int, Any]:
    answer = emulator.handle(method, f"/_emulator/{name}", "", json.dumps(sent).encode(), {})
    return answer.status, json.loads(answer.body)


def test_the_next_matching_call_is_refused_and_only_that(
    emulator: Emulator, stripe_client: StripeClient
) -> None:
    emulator.faults.add(Fault("card_declined", method="POST", path="/v1/customers*"))
    stripe_client.v1.products.create({"name": "Pro"})
    with pytest.raises(stripe.CardError):
        stripe_client.v1.customers.create()
    assert stripe_client.v1.customers.create().id
    assert len(stripe_client.v1.customers.list().data) == 1


@pytest.mark.parametrize(("kind", "code"), [("lock_timeout", "lock_timeout"), ("rate_limit", "rate_limit")])
def test_a_limit_answers_429(emulator: Emulator, kind: Any, code: str) -> None:
    emulator.faults.add(Fault(kind))
    status, body = Raw(emulator).get("/v1/customers")
    assert (status, body["error"]["code"]) == (429, code)


@pytest.mark.parametrize(("kind", "effect"), [("error_before", 0), ("error_after", 1)])
def test_an_error_comes_before_or_after_the_effect(emulator: Emulator, kind: Any, effect: int) -> None:
    raw = Raw(emulator)
    emulator.faults.add(Fault(kind, method="POST"))
    assert raw.post("/v1/customers")[0] == 500
    assert len(raw.get("/v1/customers")[1]["data"]) == effect


def test_a_retry_after_a_lost_answer_finds_the_effect_done(emulator: Emulator) -> None:
    raw = Raw(emulator)
    emulator.faults.add(Fault("error_after", method="POST"))
    raw.post("/v1/customers", {}, Idempotency_Key="k")
    assert raw.post("/v1/customers", {}, Idempotency_Key="k")[0] == 200
    assert len(raw.get("/v1/customers")[1]["data"]) == 1


def test_an_error_can_be_kept_under_the_key_like_any_answer(emulator: Emulator) -> None:
    raw = Raw(emulator)
    emulator.faults.add(Fault("error_kept", method="POST"))
    answers = [raw.post("/v1/customers", {}, Idempotency_Key="k") for _ in range(2)]
    assert [status for status, _ in answers] == [500, 500]
    assert answers[0] == answers[1]
    assert len(raw.get("/v1/customers")[1]["data"]) == 1
    assert raw.post("/v1/customers", {}, Idempotency_Key="l")[0] == 200


@pytest.mark.parametrize(
    ("kind", "seconds", "effect"),
    [("hang_before", 5.0, 0), ("hang_after", 5.0, 1), ("cut_before", 0.0, 0), ("cut_after", 0.0, 1)],
)
def test_a_call_can_get_no_answer(emulator: Emulator, kind: Any, seconds: float, effect: int) -> None:
    raw = Raw(emulator)
    emulator.faults.add(Fault(kind, method="POST", seconds=5))
    with pytest.raises(NoAnswer) as silence:
        raw.post("/v1/customers")
    assert silence.value.seconds == seconds
    assert len(raw.get("/v1/customers")[1]["data"]) == effect


def test_the_sdk_sees_a_missing_answer_as_a_lost_connection(
    emulator: Emulator, stripe_client: StripeClient
) -> None:
    emulator.faults.add(Fault("cut_before"))
    with pytest.raises(stripe.APIConnectionError):
        stripe_client.v1.customers.create()


def test_reads_can_be_stale_for_a_while(receiver: Receiver) -> None:
    clock = WallClock()
    emulator = Emulator(deliver=receiver, wall_clock=clock)
    client = client_of(emulator)
    emulator.faults.add(Fault("stale_reads", seconds=10))
    client.v1.customers.create()
    assert client.v1.customers.list().data == []
    clock.now += 10
    assert len(client.v1.customers.list().data) == 1
    assert emulator.faults.listed() == []


def test_stale_reads_are_those_of_their_path_each_for_its_own_time(receiver: Receiver) -> None:
    clock = WallClock()
    emulator = Emulator(deliver=receiver, wall_clock=clock)
    v1 = client_of(emulator).v1
    emulator.faults.add(Fault("stale_reads", path="/v1/customers*", seconds=10))
    late = emulator.faults.add(Fault("stale_reads", path="/v1/products*", seconds=20))
    v1.customers.create()
    v1.products.create({"name": "Pro"})
    v1.coupons.create({"percent_off": 5, "duration": "once"})

    def counted() -> list[int]:
        return [len(v1.customers.list().data), len(v1.products.list().data), len(v1.coupons.list().data)]

    assert counted() == [0, 0, 1]
    clock.now += 10
    assert counted() == [1, 0, 1]
    emulator.faults.remove(late.id)
    assert counted() == [1, 1, 1]


def test_limits_of_different_reads_count_apart(emulator: Emulator) -> None:
    raw = Raw(emulator)
    for path in ("/v1/customers", "/v1/products"):
        emulator.faults.add(Fault("reads_per_second", path=path, per_second=1))
    assert [raw.get(path)[0] for path in ("/v1/customers", "/v1/products")] == [200, 200]


def test_reads_can_be_limited_per_second(receiver: Receiver) -> None:
    clock = WallClock()
    emulator = Emulator(deliver=receiver, wall_clock=clock)
    raw = Raw(emulator)
    fault = emulator.faults.add(Fault("reads_per_second", per_second=2))
    assert [raw.get("/v1/customers")[0] for _ in range(3)] == [200, 200, 429]
    assert raw.post("/v1/customers")[0] == 200
    clock.now += 1
    assert raw.get("/v1/customers")[0] == 200
    emulator.faults.remove(fault.id)
    assert [raw.get("/v1/customers")[0] for _ in range(3)] == [200, 200, 200]


def test_a_fault_can_last(emulator: Emulator) -> None:
    emulator.faults.add(Fault("error_before", times=None))
    assert [Raw(emulator).get("/v1/customers")[0] for _ in range(4)] == [500] * 4
    emulator.faults.clear()
    assert Raw(emulator).get("/v1/customers")[0] == 200


def test_faults_are_switched_over_the_control_interface(emulator: Emulator) -> None:
    status, body = _command(emulator, "POST", "faults", kind="lock_timeout", path="/v1/products", times=2)
    assert (status, body["faults"][0]["times"]) == (200, 2)
    assert _command(emulator, "GET", "faults")[1]["faults"] == body["faults"]
    assert _command(emulator, "DELETE", "faults", id=body["id"])[1]["faults"] == []
    _command(emulator, "POST", "faults", kind="lock_timeout")
    assert _command(emulator, "DELETE", "faults")[1]["faults"] == []


@pytest.mark.parametrize(
    "sent",
    [
        {"kind": "explode"},
        {"kind": "cut_before", "times": 0},
        {"kind": "hang_before", "seconds": -1},
        {"kind": "hang_before", "seconds": "1"},
        {"kind": "lock_timeout", "method": "post"},
        {"kind": "stale_reads", "method": "POST"},
        {"kind": "lock_timeout", "path": 5},
        {"kind": "lock_timeout", "path": "v1/customers"},
        {"kind": "lock_timeout", "times": 1.5},
        {"kind": "lock_timeout", "times": True},
        {"kind": ["lock_timeout"]},
        {},
        {"x": 1},
    ],
)
def test_an_impossible_fault_is_refused(emulator: Emulator, sent: dict[str, Any]) -> None:
    assert _command(emulator, "POST", "faults", **sent)[0] == 400
    assert emulator.faults.listed() == []


def test_the_state_can_be_kept_and_restored(emulator: Emulator, stripe_client: StripeClient) -> None:
    kept = stripe_client.v1.customers.create({"name": "Ada"}).id
    snapshot = _command(emulator, "POST", "snapshot")[1]["snapshot"]
    stripe_client.v1.customers.delete(kept)
    other = stripe_client.v1.customers.create().id
    assert _command(emulator, "POST", "restore", snapshot=snapshot)[0] == 200
    assert [customer.id for customer in stripe_client.v1.customers.list().data] == [kept]
    # The counter of ids is part of the state, so the same call gives the same id again.
    assert stripe_client.v1.customers.create().id != other


@pytest.mark.parametrize("snapshot", ["", "[]", "{}", '{"objects": []}'])
def test_what_is_no_snapshot_is_refused(
    emulator: Emulator, stripe_client: StripeClient, snapshot: str
) -> None:
    kept = stripe_client.v1.customers.create().id
    assert _command(emulator, "POST", "restore", snapshot=snapshot)[0] == 400
    assert stripe_client.v1.customers.retrieve(kept).id == kept


def test_a_reset_forgets_everything(emulator: Emulator, stripe_client: StripeClient) -> None:
    first = stripe_client.v1.customers.create().id
    emulator.faults.add(Fault("error_before", path="/never"))
    _command(emulator, "POST", "reset")
    _, state = _command(emulator, "GET", "state")
    assert (state["objects"]["customer"], state["objects"]["event"], state["faults"]) == (0, 0, [])
    assert stripe_client.v1.customers.create().id == first


def test_settings_are_changed_and_survive_a_reset(emulator: Emulator, stripe_client: StripeClient) -> None:
    assert _command(emulator, "GET", "settings")[1] == {
        "retry_days": [3, 5, 7],
        "after_retries": "cancel",
        "living_clocks": False,
    }
    _command(emulator, "POST", "settings", living_clocks=True, after_retries="unpaid", retry_days=[1])
    _command(emulator, "POST", "reset")
    assert stripe_client.v1.customers.create().test_clock is not None
    assert _command(emulator, "GET", "settings")[1]["after_retries"] == "cancel"


def test_delivery_is_chosen_and_flushed(
    emulator: Emulator, receiver: Receiver, stripe_client: StripeClient
) -> None:
    _command(emulator, "POST", "webhook_endpoint", url="http://127.0.0.1:1/hook", secret="whsec_known")
    again = _command(
        emulator, "POST", "webhook_endpoint", url="http://127.0.0.1:1/hook", secret="whsec_newer"
    )
    assert len(stripe_client.v1.webhook_endpoints.list().data) == 1
    _command(emulator, "POST", "delivery", delay_seconds=3600, copies=2)
    stripe_client.v1.customers.create()
    assert _command(emulator, "POST", "deliver")[1] == {"sent": 0, "pending": 1}
    assert _command(emulator, "POST", "deliver", also_waiting=True)[1] == {"sent": 2, "pending": 0}
    assert len(receiver.events("whsec_newer")) == 2
    _command(emulator, "POST", "roll_secret", endpoint=again[1]["id"], secret="whsec_third")
    assert _command(emulator, "GET", "state")[1]["delivery"][again[1]["id"]]["copies"] == 2


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("delivery", {"order": "random"}),
        ("delivery", {"copies": 0}),
        ("delivery", {"endpoint": "we_none"}),
        ("delivery", {"colour": "red"}),
        ("delivery", {"copies": 1.5}),
        ("delivery", {"shuffle_seed": "x"}),
        ("delivery", {"retry_after_seconds": -1}),
        ("deliver", {"x": 1}),
        ("deliver", {"also_waiting": "no"}),
        ("webhook_endpoint", {"url": "http://127.0.0.1"}),
        ("webhook_endpoint", {"url": "http://127.0.0.1", "secret": ""}),
        ("webhook_endpoint", {"url": "http://127.0.0.1:99999", "secret": "x"}),
        ("roll_secret", {"endpoint": "we_none", "secret": "x"}),
        ("restore", {}),
        ("restore", {"snapshot": 5}),
        ("reset", {"x": 1}),
        ("settings", {"after_retries": "forgive"}),
        ("settings", {"living_clocks": "no"}),
        ("settings", {"retry_days": [0]}),
        ("settings", {"retry_days": [1.5]}),
        ("settings", {"retry_days": [366]}),
        ("settings", {"retry_days": 3}),
    ],
)
def test_a_wrong_command_is_refused(emulator: Emulator, name: str, sent: dict[str, Any]) -> None:
    status, body = _command(emulator, "POST", name, **sent)
    assert (status, bool(body["error"])) == (400, True)


def test_an_unknown_command_lists_the_known_ones(emulator: Emulator) -> None:
    status, body = _command(emulator, "POST", "explode")
    assert status == 404
    assert "POST /_emulator/reset" in body["error"]


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff"])
def test_a_command_must_be_a_json_object(emulator: Emulator, body: bytes) -> None:
    assert emulator.handle("POST", "/_emulator/deliver", "", body, {}).status == 400
