"""Webhooks: signed, in the order and with the mishaps asked for, again until they are taken."""

from __future__ import annotations

import http.server
import json
import threading
from typing import Any

import pytest
import stripe
from stripe import StripeClient, WebhookEndpoint

from portal.emulator.app import Emulator
from portal.emulator.deliveries import DeliveryMode, attempts_of, deliveries_of, post, set_mode
from portal.emulator.resources.webhook_endpoints import set_secret
from tests.emulator.conftest import Receiver, WallClock
from tests.emulator.raw import Raw
from tests.fixtures.emulator import client_of

URL = "https://portal.example.com/webhooks"


class World:
    """An emulator with one endpoint, a receiver and a clock."""

    def __init__(self) -> None:
        # The SDK compares signatures with the real time, so the clock starts there.
        self.clock = WallClock(stripe_now())
        self.receiver = Receiver()
        self.emulator = Emulator(deliver=self.receiver, wall_clock=self.clock)
        self.client = client_of(self.emulator)
        self.endpoint = self.client.v1.webhook_endpoints.create({"url": URL, "enabled_events": ["*"]})
        assert self.endpoint.secret is not None
        self.secret: str = self.endpoint.secret

    def mode(self, **settings: Any) -> None:
        with self.emulator.store.transaction() as tx:
            set_mode(tx, self.endpoint.id, DeliveryMode(**settings))

    def make(self, number: int) -> list[str]:
        return [self.client.v1.customers.create({"name": str(index)}).id for index in range(number)]

    def names(self) -> list[str]:
        return [json.loads(body)["data"]["object"]["name"] for _, body, _ in self.receiver.received]


def stripe_now() -> float:
    header = stripe.WebhookSignature.generate_signature_header("x", "y")
    return float(header.split(",")[0].removeprefix("t="))


@pytest.fixture
def world() -> World:
    return World()


def test_an_event_arrives_signed_as_the_sdk_expects(world: World) -> None:
    (customer,) = world.make(1)
    assert world.emulator.deliver_due() == 1
    (event,) = world.receiver.events(world.secret)
    assert (event.type, event.data.object.id, event.livemode) == ("customer.created", customer, False)
    assert world.receiver.received[0][0] == URL
    assert world.emulator.deliver_due() == 0


def test_events_come_in_the_order_they_were_made(world: World) -> None:
    world.make(4)
    world.emulator.deliver_due()
    assert world.names() == ["0", "1", "2", "3"]


def test_an_endpoint_gets_only_the_events_it_wants(world: World) -> None:
    world.client.v1.webhook_endpoints.update(world.endpoint.id, {"enabled_events": ["product.created"]})
    world.make(1)
    world.client.v1.products.create({"name": "Pro"})
    world.emulator.deliver_due()
    assert [event.type for event in world.receiver.events(world.secret)] == ["product.created"]


def test_a_disabled_endpoint_gets_nothing(world: World) -> None:
    world.client.v1.webhook_endpoints.update(world.endpoint.id, {"disabled": True})
    world.make(1)
    assert world.emulator.deliver_due() == 0


def test_the_order_can_be_reversed_or_shuffled_by_a_seed(world: World) -> None:
    world.mode(order="reversed")
    world.make(4)
    world.emulator.deliver_due()
    assert world.names() == ["3", "2", "1", "0"]
    orders = []
    for _ in range(2):
        other = World()
        other.mode(order="shuffled", shuffle_seed=7)
        other.make(6)
        other.emulator.deliver_due()
        orders.append(other.names())
    assert orders[0] == orders[1] != sorted(orders[0])


def test_an_event_can_come_several_times(world: World) -> None:
    world.mode(copies=3)
    world.make(1)
    assert world.emulator.deliver_due() == 3
    assert len({event.id for event in world.receiver.events(world.secret)}) == 1


def test_an_event_can_be_delayed(world: World) -> None:
    world.mode(delay_seconds=30)
    world.make(1)
    assert world.emulator.deliver_due() == 0
    world.clock.now += 30
    assert world.emulator.deliver_due() == 1


def test_attempts_can_be_lost_on_the_way_and_are_repeated(world: World) -> None:
    world.mode(drop_first_attempts=2, retry_after_seconds=5)
    world.make(1)
    for _ in range(2):
        assert world.emulator.deliver_due() == 0
        world.clock.now += 5
    assert world.emulator.deliver_due() == 1


def test_a_refused_event_is_repeated_with_back_off_and_given_up_in_the_end(world: World) -> None:
    world.receiver.status = 500
    world.make(1)
    waits = []
    event = world.client.v1.events.list().data[0].id
    for _ in range(6):
        world.emulator.deliver_due()
        with world.emulator.store.transaction(write=False) as tx:
            (delivery,) = deliveries_of(tx, event)
        waits.append(delivery["due_at"] - int(world.clock.now))
        world.clock.now = delivery["due_at"]
    assert waits == [60, 3600, 14400, 43200, 86400, 0]
    assert delivery["state"] == "failed"
    assert world.emulator.deliver_due() == 0


@pytest.mark.parametrize("status", [301, 302, 400, 500, 0])
def test_only_2xx_counts(world: World, status: int) -> None:
    world.receiver.status = status
    world.make(1)
    world.emulator.deliver_due()
    assert world.client.v1.events.list().data[0].pending_webhooks == 1
    failed = world.client.v1.events.list({"delivery_success": False})
    assert len(failed.data) == 1


def test_two_signatures_are_accepted_by_the_sdk(world: World) -> None:
    world.mode(signature="two")
    world.make(1)
    world.emulator.deliver_due()
    header = world.receiver.received[0][2]["Stripe-Signature"]
    assert header.count("v1=") == 2
    assert len(world.receiver.events(world.secret)) == 1


@pytest.mark.parametrize("kind", ["stale", "wrong"])
def test_bad_signatures_are_refused_by_the_sdk(world: World, kind: str) -> None:
    world.mode(signature=kind)
    world.make(1)
    world.emulator.deliver_due()
    with pytest.raises(stripe.SignatureVerificationError):
        world.receiver.events(world.secret)


def test_the_signature_can_be_left_out(world: World) -> None:
    world.mode(signature="missing")
    world.make(1)
    world.emulator.deliver_due()
    assert "Stripe-Signature" not in world.receiver.received[0][2]


def test_while_a_secret_is_rolled_both_sign(world: World) -> None:
    with world.emulator.store.transaction() as tx:
        set_secret(tx, world.endpoint.id, "whsec_new", old_valid_for=100)
    world.make(1)
    world.emulator.deliver_due()
    assert len(world.receiver.events(world.secret)) == len(world.receiver.events("whsec_new")) == 1
    world.clock.now += 100
    world.receiver.received.clear()
    world.make(1)
    world.emulator.deliver_due()
    with pytest.raises(stripe.SignatureVerificationError):
        world.receiver.events(world.secret)


def test_the_version_is_the_endpoints(world: World) -> None:
    world.client.v1.webhook_endpoints.delete(world.endpoint.id)
    old = world.client.v1.webhook_endpoints.create(
        {"url": URL, "enabled_events": ["*"], "api_version": "2025-03-31.basil"}
    )
    world.make(1)
    world.emulator.deliver_due()
    assert [event.api_version for event in world.receiver.events(str(old.secret))] == ["2025-03-31.basil"]


def test_an_event_can_be_sent_again(world: World) -> None:
    world.make(1)
    world.emulator.deliver_due()
    event = world.client.v1.events.list().data[0]
    world.client.raw_request("post", f"/v1/events/{event.id}/retry", webhook_endpoint=world.endpoint.id)
    assert world.emulator.deliver_due() == 1
    with world.emulator.store.transaction(write=False) as tx:
        assert [attempt["status"] for attempt in attempts_of(tx, event.id)] == [200, 200]


def test_an_event_is_sent_again_to_an_endpoint_that_can_get_it_only(world: World) -> None:
    world.make(1)
    event = world.client.v1.events.list().data[0].id
    world.client.v1.webhook_endpoints.update(world.endpoint.id, {"disabled": True})
    raw = Raw(world.emulator)
    for sent in ({}, {"webhook_endpoint": "we_none"}, {"webhook_endpoint": world.endpoint.id}):
        status, answer = raw.post(f"/v1/events/{event}/retry", sent)
        assert (status, answer["error"]["param"]) == (400, "webhook_endpoint")


def test_what_waited_too_long_for_its_turn_goes_out_once_all_the_same(world: World) -> None:
    """Another process believes that who took these deliveries two minutes ago has died."""
    world.make(3)

    def receive(_url: str, body: bytes, _headers: Any) -> int:
        world.clock.now += 121
        world.emulator.deliver = world.receiver
        world.emulator.deliver_due()
        return world.receiver(_url, body, _headers)

    world.emulator.deliver = receive
    world.emulator.deliver_due()
    assert sorted(world.names()) == ["0", "0", "1", "2"]


def test_the_receiver_may_call_the_api_while_it_is_delivered_to(world: World) -> None:
    seen: list[str] = []

    def receive(_url: str, body: bytes, _headers: Any) -> int:
        seen.append(world.client.v1.customers.retrieve(json.loads(body)["data"]["object"]["id"]).id)
        return 200

    world.emulator.deliver = receive
    made = world.make(2)
    world.emulator.deliver_due()
    assert seen == made


def test_the_secret_is_shown_once(stripe_client: StripeClient) -> None:
    made = stripe_client.v1.webhook_endpoints.create({"url": URL, "enabled_events": ["customer.created"]})
    found: WebhookEndpoint = stripe_client.v1.webhook_endpoints.retrieve(made.id)
    assert (made.secret or "").startswith("whsec_")
    assert "secret" not in found
    assert [endpoint.id for endpoint in stripe_client.v1.webhook_endpoints.list().data] == [made.id]


@pytest.mark.parametrize(
    ("url", "events"),
    [
        ("/hook", ["*"]),
        ("ftp://example.com", ["*"]),
        ("http://example.com:99999/", ["*"]),
        ("http://[::1/", ["*"]),
        ("http://", ["*"]),
        (f"http://{'a' * 64}.example.com/", ["*"]),
        ("https://example .com/", ["*"]),
        ("https://example.com/\n", ["*"]),
        (URL, []),
        (URL, ["*", "customer.created"]),
        (URL, ["customer.exploded"]),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused(stripe_client: StripeClient, url: str, events: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.webhook_endpoints.create({"url": url, "enabled_events": events})


@pytest.mark.parametrize("name", ["description", "url"])
def test_a_text_of_an_endpoint_that_is_too_long_is_named(stripe_client: StripeClient, name: Any) -> None:
    made = stripe_client.v1.webhook_endpoints.create({"url": URL, "enabled_events": ["*"]})
    sent: Any = {name: f"{URL}/{'x' * 5000}"}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.webhook_endpoints.update(made.id, sent)
    assert refused.value.param == name


def test_events_can_be_listed_by_type(stripe_client: StripeClient) -> None:
    customer = stripe_client.v1.customers.create()
    stripe_client.v1.customers.update(customer.id, {"name": "Ada"})
    stripe_client.v1.products.create({"name": "Pro"})
    both = stripe_client.v1.events.list({"types": ["customer.*", "product.updated"]})
    assert [event.type for event in both.data] == ["customer.updated", "customer.created"]
    one = stripe_client.v1.events.list({"type": "product.created"}).data[0]
    assert stripe_client.v1.events.retrieve(one.id).type == "product.created"


def test_events_are_kept_for_thirty_days(world: World) -> None:
    world.make(1)
    old = world.client.v1.events.list().data[0]
    assert world.emulator.deliver_due() == 1
    world.clock.now += 30 * 24 * 3600
    world.make(1)
    assert [event.id for event in world.client.v1.events.list({"created": {"gte": 0}}).data] != [old.id]
    assert len(world.client.v1.events.list().data) == 1
    assert world.client.v1.events.list({"created": old.created}).data == []
    with pytest.raises(stripe.InvalidRequestError, match="No such event"):
        world.client.v1.events.retrieve(old.id)
    with world.emulator.store.transaction(write=False) as tx:
        assert (attempts_of(tx, old.id), deliveries_of(tx, old.id)) == ([], [])


def test_an_event_that_is_still_to_be_delivered_outlives_the_thirty_days(world: World) -> None:
    world.make(1)
    world.clock.now += 31 * 24 * 3600
    assert len(world.client.v1.events.list().data) == 1
    assert world.emulator.deliver_due() == 1
    world.clock.now += 24 * 3600
    assert world.client.v1.events.list().data == []


def test_events_under_a_clock_of_long_ago_are_listed(world: World) -> None:
    clock = world.client.v1.test_helpers.test_clocks.create({"frozen_time": 1_500_000_000})
    world.client.v1.customers.create({"test_clock": clock.id})
    assert world.client.v1.events.list({"type": "customer.created"}).data[0].created == 1_500_000_000


def test_an_event_names_the_request_that_caused_it(stripe_client: StripeClient) -> None:
    made = stripe_client.v1.customers.create({}, {"idempotency_key": "k-1"})
    event = stripe_client.v1.events.list().data[0]
    assert event.request is not None
    assert made.last_response is not None
    assert (event.request.id, event.request.idempotency_key) == (made.last_response.request_id, "k-1")


def test_webhooks_go_out_over_http_without_following_redirects() -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(302 if self.path == "/moved?x=1" else 204)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        base = f"http://127.0.0.1:{server.server_port}"
        answers = [post(f"{base}/hook", b"{}", {}), post(f"{base}/moved?x=1", b"{}", {})]
        server.shutdown()
        thread.join()
    assert answers == [204, 302]
    assert post(f"{base}/gone", b"{}", {}) == 0


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999/", f"http://{'a' * 64}/", "http://[::1", "http://127.0.0.1/é"]
)
def test_a_url_that_cannot_be_called_does_not_answer(url: str) -> None:
    assert post(url, b"{}", {}) == 0
