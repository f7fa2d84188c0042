"""Feedback options: a merchant's own reasons for cancelling, offered in the Customer Portal beside Stripe's."""

from typing import Any

from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid
from portal.emulator.wire.fields import set_values
from portal.emulator.wire.lookup import in_param, in_path
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

OPTION = "billing.feedback_option"
_LONGEST = 100


@route("POST", "/v1/billing/feedback_options", params="billing.FeedbackOptionCreateParams")
def create_option(tx: Transaction, call: Call) -> StripeDict:
    """Create a feedback option."""
    option: StripeDict = {
        "id": tx.new_id("fbo"),
        "object": OPTION,
        "description": _checked(call.params["description"]),
        "livemode": False,
        "status": "active",
        "status_transitions": {"deactivated_at": None},
    }
    tx.put(option)
    return option


@route("GET", "/v1/billing/feedback_options/{id}", params="billing.FeedbackOptionRetrieveParams")
def retrieve_option(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a feedback option."""
    return in_path(tx, OPTION, call.args["id"])


@route("POST", "/v1/billing/feedback_options/{id}", params="billing.FeedbackOptionUpdateParams")
def update_option(tx: Transaction, call: Call) -> StripeDict:
    """Word a feedback option anew."""
    option = in_path(tx, OPTION, call.args["id"])
    if "description" in call.params:
        option["description"] = _checked(call.params["description"])
    tx.put(option)
    return option


@route(
    "POST", "/v1/billing/feedback_options/{id}/deactivate", params="billing.FeedbackOptionDeactivateParams"
)
def deactivate_option(tx: Transaction, call: Call) -> StripeDict:
    """Deactivate a feedback option: it is offered no more; who has chosen it keeps it."""
    option = in_path(tx, OPTION, call.args["id"])
    if option["status"] != "active":
        raise invalid("This feedback option is already inactive.", param="id")
    option |= {"status": "inactive", "status_transitions": {"deactivated_at": tx.wall_now()}}
    tx.put(option)
    return option


@route("GET", "/v1/billing/feedback_options", params="billing.FeedbackOptionListParams")
def list_options(tx: Transaction, call: Call) -> StripeDict:
    """List feedback options, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("status",))
    return list_answer(tx, call, OPTION, where)


def active_option(tx: Transaction, option_id: str, *, param: str) -> StripeDict:
    """Return a feedback option that can be offered and chosen. Raises a 400 for an unknown or inactive one."""
    option = in_param(tx, OPTION, option_id, param=param)
    if option["status"] != "active":
        raise invalid(f"The feedback option {option_id} is inactive.", param=param)
    return option


def _checked(description: str) -> str:
    if not 1 <= len(description.strip()) <= _LONGEST:
        raise invalid(f"The description must have 1 to {_LONGEST} characters.", param="description")
    return description
