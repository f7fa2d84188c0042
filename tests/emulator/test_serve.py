"""The emulator over real HTTP: one server for all of these tests."""

from __future__ import annotations

import http.client
import http.server
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.fixtures.sdk_schema import event_findings


class Server:
    """A running emulator."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        script = f"from portal.emulator.serve import serve; serve(port={self.port})"
        self.process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = StripeClient("sk_test_1", base_addresses={"api": self.url}, max_network_retries=0)

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(
                "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
            )
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def command(self, name: str, **sent: Any) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("POST", f"/_emulator/{name}", json.dumps(sent))
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + 15
        while True:
            try:
                assert self.get("/healthz") == (200, b'{"status":"ok"}')
                return
            except ConnectionRefusedError:
                assert time.monotonic() < deadline, "the emulator did not come up"
                threading.Event().wait(0.05)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    running.wait_until_up()
    yield running
    with running.process:
        running.process.terminate()
        assert running.process.wait(10) == 0


def test_the_api_answers_the_sdk(server: Server) -> None:
    made = server.client.v1.customers.create({"email": "ada@example.com"})
    assert server.client.v1.customers.retrieve(made.id).email == "ada@example.com"


def test_webhooks_go_out_by_themselves(server: Server) -> None:
    received: list[dict[str, Any]] = []
    came = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            stripe.WebhookSignature.verify_header(
                body.decode(), self.headers["Stripe-Signature"], "whsec_here", 300
            )
            received.append(json.loads(body))
            self.send_response(200)
            self.end_headers()
            came.set()

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{listener.server_port}/hook"
        server.command("webhook_endpoint", url=url, secret="whsec_here")
        server.client.v1.products.create({"name": "Pro"})
        assert came.wait(10)
        listener.shutdown()
        thread.join()
    assert [event["type"] for event in received] == ["product.created"]
    assert event_findings(received[0]) == []


def test_a_cut_connection_gives_no_answer(server: Server) -> None:
    made = server.client.v1.products.create({"name": "Cut off"})
    server.command("faults", kind="cut_before", path="/v1/products")
    with pytest.raises(stripe.APIConnectionError):
        server.client.v1.products.list()
    assert server.client.v1.products.list().data[0].id == made.id


def test_a_foreign_web_page_cannot_reach_the_control_interface(server: Server) -> None:
    assert server.get("/_emulator/state")[0] == 200
    assert server.get("/_emulator/state", Sec_Fetch_Site="cross-site")[0] == 403


def test_an_unknown_page_is_a_404(server: Server) -> None:
    assert server.get("/no/such/page")[0] == 404


def test_it_says_where_it_is(server: Server) -> None:
    assert server.process.stdout is not None
    assert server.process.stdout.readline().startswith(f"Stripe emulator at {server.url}")
