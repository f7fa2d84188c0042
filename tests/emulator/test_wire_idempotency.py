"""Idempotency keys: replay, mismatch, in use."""

from __future__ import annotations

import threading

import pytest
import stripe
from stripe import StripeClient

from portal.emulator.app import Emulator
from tests.emulator.conftest import Receiver, WallClock
from tests.emulator.raw import Raw


def test_the_same_request_again_gets_the_same_answer_and_changes_nothing(emulator: Emulator) -> None:
    raw = Raw(emulator)
    first = raw.post("/v1/customers", {"name": "Ada"}, Idempotency_Key="k")
    again = raw.post("/v1/customers", {"name": "Ada"}, Idempotency_Key="k")
    assert first == again
    assert len(raw.get("/v1/customers")[1]["data"]) == 1
    assert len(raw.get("/v1/events")[1]["data"]) == 1


def test_a_replay_says_so(emulator: Emulator) -> None:
    headers = {"Authorization": "Bearer sk_test_1", "Idempotency-Key": "k"}
    first = emulator.handle("POST", "/v1/customers", "", b"", headers)
    again = emulator.handle("POST", "/v1/customers", "", b"", headers)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.headers["Request-Id"]


@pytest.mark.parametrize(
    ("path", "sent"), [("/v1/customers", {"name": "Eve"}), ("/v1/products", {"name": "Ada"})]
)
def test_a_key_used_for_another_request_is_refused(
    emulator: Emulator, path: str, sent: dict[str, str]
) -> None:
    raw = Raw(emulator)
    raw.post("/v1/customers", {"name": "Ada"}, Idempotency_Key="k")
    status, body = raw.post(path, sent, Idempotency_Key="k")
    assert (status, body["error"]["type"]) == (400, "idempotency_error")


def test_the_order_of_parameters_does_not_make_another_request(emulator: Emulator) -> None:
    raw = Raw(emulator)
    first = raw.post("/v1/customers", {"name": "Ada", "metadata[a]": "1"}, Idempotency_Key="k")
    assert raw.post("/v1/customers", {"metadata[a]": "1", "name": "Ada"}, Idempotency_Key="k") == first


def test_a_declined_card_is_replayed(stripe_client: StripeClient) -> None:
    customer = stripe_client.v1.customers.create()
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            stripe_client.v1.payment_methods.attach(
                "pm_card_chargeDeclined", {"customer": customer.id}, {"idempotency_key": "k"}
            )


def test_a_refused_request_frees_its_key(emulator: Emulator) -> None:
    raw = Raw(emulator)
    assert raw.post("/v1/products", {}, Idempotency_Key="k")[0] == 400
    assert raw.post("/v1/products", {"name": "x"}, Idempotency_Key="k")[0] == 200


def test_a_key_that_is_too_long_is_refused(emulator: Emulator) -> None:
    assert Raw(emulator).post("/v1/customers", {}, Idempotency_Key="k" * 256)[0] == 400


def test_a_key_whose_request_is_still_running_is_in_use(emulator: Emulator, receiver: Receiver) -> None:
    raw = Raw(emulator)
    seen: list[int] = []
    # The store is held, so the first request cannot finish before the second one came.
    with emulator.store.transaction():
        threads = [
            threading.Thread(
                target=lambda: seen.append(raw.post("/v1/customers", {}, Idempotency_Key="k")[0])
            )
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    assert seen.count(200) >= 1
    assert set(seen) <= {200, 409}
    assert len(raw.get("/v1/customers")[1]["data"]) == 1


def test_a_key_is_kept_for_a_day() -> None:
    clock = WallClock()
    emulator = Emulator(wall_clock=clock)
    raw = Raw(emulator)
    first = raw.post("/v1/customers", {"name": "Ada"}, Idempotency_Key="k")
    clock.now += 24 * 3600 - 1
    assert raw.post("/v1/customers", {"name": "Ada"}, Idempotency_Key="k") == first
    clock.now += 1
    assert raw.post("/v1/customers", {"name": "Eve"}, Idempotency_Key="k")[1]["name"] == "Eve"
    with emulator.store.transaction(write=False) as tx:
        kept = tx.connection.execute("SELECT count(*) FROM idempotency").fetchone()
    assert kept == (1,)


def test_reads_ignore_keys(emulator: Emulator) -> None:
    raw = Raw(emulator)
    raw.get("/v1/customers", Idempotency_Key="k")
    assert raw.get("/v1/products", Idempotency_Key="k")[0] == 200
