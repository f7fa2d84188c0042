"""Reading events, sending one again, and forgetting those that are older than events are kept."""

from typing import Any

from portal.emulator.billing.agenda import when_due
from portal.emulator.deliveries import deliveries_of, forget, pending_count, resend
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import exclusive_parameters, invalid, missing_parameter
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

_MOST_TYPES = 20
_A_DAY = 24 * 3600


@route("GET", "/v1/events/{id}", params="EventRetrieveParams")
def retrieve_event(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve an event of the last 30 days."""
    return _as_of_now(tx, in_path(tx, "event", call.args["id"]))


@route("GET", "/v1/events", params="EventListParams")
def list_events(tx: Transaction, call: Call) -> StripeDict:
    """List the events of the last 30 days, newest first."""
    params = call.params
    if "type" in params and "types" in params:
        raise exclusive_parameters("type", "types")
    types = params.get("types", [params["type"]] if "type" in params else [])
    if len(types) > _MOST_TYPES:
        raise invalid(f"You may filter by at most {_MOST_TYPES} types.", param="types")
    where: dict[str, Any] = {}
    if types:
        where["type"] = _spelled_out(tx, types)
    if "delivery_success" in params:
        where["id"] = _by_success(tx, delivered=params["delivery_success"])
    answer = list_answer(tx, call, "event", where)
    return {**answer, "data": [_as_of_now(tx, event) for event in answer["data"]]}


@route("POST", "/v1/events/{id}/retry", texts=("webhook_endpoint",))
def retry_event(tx: Transaction, call: Call) -> StripeDict:
    """Send an event again to `webhook_endpoint`, as `stripe events resend` asks for it."""
    event = in_path(tx, "event", call.args["id"])
    if "webhook_endpoint" not in call.params:
        raise missing_parameter("webhook_endpoint")
    endpoint = in_param(tx, "webhook_endpoint", call.params["webhook_endpoint"], param="webhook_endpoint")
    if endpoint["status"] != "enabled":
        raise invalid("The webhook endpoint is disabled.", param="webhook_endpoint")
    resend(tx, event["id"], endpoint["id"])
    return _as_of_now(tx, event)


@when_due("event")
def forget_event(tx: Transaction, event: StripeDict, now: int) -> None:
    """Forget an event with the log of its deliveries; one that is still to be delivered stays a day longer."""
    if pending_count(tx, event["id"]):
        tx.set_due("event", event["id"], now + _A_DAY)
        return
    forget(tx, event["id"])
    tx.delete("event", event["id"])


def _as_of_now(tx: Transaction, event: StripeDict) -> StripeDict:
    return {**event, "pending_webhooks": pending_count(tx, event["id"])}


def _spelled_out(tx: Transaction, patterns: list[str]) -> list[str]:
    """Return the types a filter means: exact ones, and those a trailing `*` covers."""
    exact = [pattern for pattern in patterns if not pattern.endswith("*")]
    prefixes = tuple(pattern[:-1] for pattern in patterns if pattern.endswith("*"))
    if not prefixes:
        return exact
    known = tx.connection.execute(
        "SELECT DISTINCT json_extract(body, '$.type') FROM objects WHERE object = 'event'"
    ).fetchall()
    return exact + [name for (name,) in known if name.startswith(prefixes)]


def _by_success(tx: Transaction, *, delivered: bool) -> list[str]:
    """Return the ids of the events whose deliveries all succeeded, or of those with one that did not."""
    return [
        event["id"]
        for event in tx.all("event")
        if all(entry["state"] == "delivered" for entry in deliveries_of(tx, event["id"])) is delivered
    ]
