"""Webhook endpoints: where events go. The signing secret is shown once, when the endpoint is made."""

from copy import deepcopy
from typing import Any
from urllib.parse import urlsplit

from portal.emulator.events import API_VERSION
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid
from portal.emulator.wire.fields import check_lengths, set_texts, set_values, text
from portal.emulator.wire.lookup import in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

ENDPOINT = "webhook_endpoint"
_MOST_ENDPOINTS = 16
_LONGEST = {"description": 5000, "url": 5000}


@route("POST", "/v1/webhook_endpoints", params="WebhookEndpointCreateParams")
def create_endpoint(tx: Transaction, call: Call) -> StripeDict:
    """Create a webhook endpoint; the answer carries its secret."""
    params = call.params
    check_lengths(params, _LONGEST)
    if params.get("connect"):
        raise invalid(
            "The emulator has one account only: `connect` endpoints are not supported.", param="connect"
        )
    secret = tx.new_id("whsec", 32)
    return {**_new_endpoint(tx, params, secret), "secret": secret}


def ensure_endpoint(tx: Transaction, url: str, secret: str) -> StripeDict:
    """Return the endpoint for a URL, enabled, for all events and with this signing secret; made if there is none."""
    for endpoint in tx.all(ENDPOINT, {"url": url}):
        endpoint |= {"status": "enabled", "enabled_events": ["*"]}
        tx.put(endpoint, private={**tx.private(ENDPOINT, endpoint["id"]), "secret": secret})
        return endpoint
    return _new_endpoint(tx, {"url": url, "enabled_events": ["*"], "api_version": API_VERSION}, secret)


def _new_endpoint(tx: Transaction, params: dict[str, Any], secret: str) -> StripeDict:
    if tx.count(ENDPOINT) >= _MOST_ENDPOINTS:
        raise invalid(f"You have reached the maximum of {_MOST_ENDPOINTS} test webhook endpoints.")
    endpoint: StripeDict = {
        "id": tx.new_id("we"),
        "object": ENDPOINT,
        "api_version": params.get("api_version"),
        "application": None,
        "created": tx.wall_now(),
        "description": text(params.get("description")),
        "enabled_events": _checked_events(params["enabled_events"]),
        "livemode": False,
        "metadata": merged(None, params.get("metadata")),
        "status": "enabled",
        "url": _checked_url(params["url"]),
    }
    tx.put(endpoint, private={"secret": secret})
    return endpoint


@route("GET", "/v1/webhook_endpoints/{id}", params="WebhookEndpointRetrieveParams")
def retrieve_endpoint(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a webhook endpoint, without its secret."""
    return in_path(tx, ENDPOINT, call.args["id"])


@route("POST", "/v1/webhook_endpoints/{id}", params="WebhookEndpointUpdateParams")
def update_endpoint(tx: Transaction, call: Call) -> StripeDict:
    """Change where events go, which, or switch the endpoint off."""
    endpoint, params = deepcopy(in_path(tx, ENDPOINT, call.args["id"])), call.params
    check_lengths(params, _LONGEST)
    set_texts(endpoint, params, ("description",))
    set_values(endpoint, params, ("url", "enabled_events"))
    _checked_url(endpoint["url"])
    _checked_events(endpoint["enabled_events"])
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    if "metadata" in params:
        endpoint["metadata"] = merged(endpoint["metadata"], params["metadata"])
    tx.put(endpoint)
    return endpoint


@route("DELETE", "/v1/webhook_endpoints/{id}", params="WebhookEndpointDeleteParams")
def delete_endpoint(tx: Transaction, call: Call) -> StripeDict:
    """Delete a webhook endpoint."""
    endpoint = in_path(tx, ENDPOINT, call.args["id"])
    tx.delete(ENDPOINT, endpoint["id"])
    return {"id": endpoint["id"], "object": ENDPOINT, "deleted": True}


@route("GET", "/v1/webhook_endpoints", params="WebhookEndpointListParams")
def list_endpoints(tx: Transaction, call: Call) -> StripeDict:
    """List webhook endpoints, newest first."""
    return list_answer(tx, call, ENDPOINT)


def secret_of(tx: Transaction, endpoint_id: str) -> str:
    """Return an endpoint's current signing secret."""
    return str(tx.private(ENDPOINT, endpoint_id)["secret"])


def set_secret(tx: Transaction, endpoint_id: str, secret: str, *, old_valid_for: int = 0) -> None:
    """Give an endpoint another secret; the old one keeps signing beside it for so many seconds."""
    endpoint = tx.get(ENDPOINT, endpoint_id)
    if endpoint is None:
        raise ValueError(f"no such webhook endpoint: {endpoint_id}")
    private: dict[str, Any] = tx.private(ENDPOINT, endpoint_id)
    rolled = private.get("rolled_secrets", [])
    if old_valid_for > 0:
        rolled = [{"secret": private["secret"], "expires_at": tx.wall_now() + old_valid_for}, *rolled]
    tx.put(endpoint, private={**private, "secret": secret, "rolled_secrets": rolled})


def _checked_events(patterns: list[str]) -> list[str]:
    if not patterns:
        raise invalid("You must listen to at least one event.", param="enabled_events")
    if "*" in patterns and len(patterns) > 1:
        raise invalid("'*' covers all events; do not list others beside it.", param="enabled_events")
    return patterns


def _checked_url(url: str) -> str:
    if not _can_be_called(url):
        message = "Invalid URL: An explicit scheme (such as https) and a valid host must be provided."
        raise invalid(message, param="url", code="url_invalid")
    return url


def _can_be_called(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").encode("idna"), parts.port
    except ValueError:
        return False
    visible = url.isascii() and url.isprintable() and " " not in url
    return visible and host != b"" and parts.scheme in ("http", "https")
