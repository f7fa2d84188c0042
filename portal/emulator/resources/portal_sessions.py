"""Customer Portal sessions: a short-lived address at which one customer looks after their billing."""

from typing import Any

from portal.emulator.billing.pausing import is_pausable
from portal.emulator.billing.redemption import usable_code, usable_coupon
from portal.emulator.billing.subscription_shape import is_metered
from portal.emulator.events import emit
from portal.emulator.resources.portal_configurations import CONFIGURATION, default_configuration
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import exclusive_parameters, invalid, missing_object, missing_parameter
from portal.emulator.wire.fields import text
from portal.emulator.wire.lookup import in_param
from portal.emulator.wire.routes import Call, route
from portal.emulator.wire.urls import check_url

SESSION = "billing_portal.session"
LIFETIME_SECONDS = 3600
# Which feature of the configuration a flow needs.
_FEATURE_OF = {"subscription_update_confirm": "subscription_update"}
_ENDED = ("canceled", "incomplete_expired")


@route("POST", "/v1/billing_portal/sessions", params="billing_portal.SessionCreateParams")
def create_portal_session(tx: Transaction, call: Call) -> StripeDict:
    """Create a Customer Portal session, on its homepage or straight in one flow."""
    params = call.params
    if "customer" not in params:
        raise missing_parameter("customer")
    customer = in_param(tx, "customer", params["customer"], param="customer")
    configuration = _configuration(tx, params)
    return_url = text(params.get("return_url")) or configuration["default_return_url"]
    check_url(return_url, "return_url")
    session_id = tx.new_id("bps")
    session: StripeDict = {
        "id": session_id,
        "object": SESSION,
        "after_expiration": _after_expiration(tx, params.get("after_expiration")),
        "configuration": configuration["id"],
        "created": tx.wall_now(),
        "customer": customer["id"],
        "customer_account": None,
        "flow": _flow(tx, params["flow_data"], customer, configuration) if "flow_data" in params else None,
        "livemode": False,
        "locale": params.get("locale"),
        "on_behalf_of": None,
        "return_url": return_url,
        "url": f"{tx.base_url}/p/session/{session_id}",
    }
    tx.put(session, private={"expires_at": session["created"] + LIFETIME_SECONDS}, in_wall_time=True)
    emit(tx, "billing_portal.session.created", session)
    return session


def has_expired(tx: Transaction, session: StripeDict) -> bool:
    """Say whether the session's address has ceased to work."""
    return bool(tx.private(SESSION, session["id"])["expires_at"] <= tx.wall_now())


def can_be_recovered(tx: Transaction, session: StripeDict) -> bool:
    """Say whether the customer may open an expired session again by saying who they are."""
    after = session["after_expiration"]
    if after is None:
        return False
    until = after["customer_login"]["expires_at"]
    return until is None or until > tx.wall_now()


def renew(tx: Transaction, session: StripeDict) -> None:
    """Let the session's address work for another while."""
    private = tx.private(SESSION, session["id"])
    tx.put(session, private={**private, "expires_at": tx.wall_now() + LIFETIME_SECONDS})


def _configuration(tx: Transaction, params: dict[str, Any]) -> StripeDict:
    if "configuration" not in params:
        return default_configuration(tx)
    configuration = in_param(tx, CONFIGURATION, params["configuration"], param="configuration")
    if not configuration["active"]:
        raise invalid("The configuration is inactive and cannot be used.", param="configuration")
    return configuration


def _flow(
    tx: Transaction, sent: dict[str, Any], customer: StripeDict, configuration: StripeDict
) -> StripeDict:
    kind = sent["type"]
    feature = _FEATURE_OF.get(kind, kind)
    if not configuration["features"][feature]["enabled"]:
        raise invalid(
            f"This flow needs the feature {feature}, which is disabled in the portal configuration "
            f"{configuration['id']}.",
            param="flow_data[type]",
        )
    flow: StripeDict = {
        "after_completion": _after_completion(sent.get("after_completion", {"type": "portal_homepage"})),
        "customer_update": {} if kind == "customer_update" else None,
        "subscription_cancel": None,
        "subscription_pause": None,
        "subscription_update": None,
        "subscription_update_confirm": None,
        "type": kind,
    }
    if kind.startswith("subscription_"):
        if kind not in sent:
            raise missing_parameter(f"flow_data[{kind}]")
        flow[kind] = _subscription_step(tx, kind, sent[kind], customer, configuration)
    return flow


def _subscription_step(
    tx: Transaction, kind: str, sent: dict[str, Any], customer: StripeDict, configuration: StripeDict
) -> StripeDict:
    path = f"flow_data[{kind}]"
    subscription = in_param(tx, "subscription", sent["subscription"], param=f"{path}[subscription]")
    if subscription["customer"] != customer["id"]:
        raise invalid("This subscription does not belong to the customer.", param=f"{path}[subscription]")
    if subscription["status"] in _ENDED:
        raise invalid(
            f"This subscription cannot be used because it is {subscription['status']}.",
            param=f"{path}[subscription]",
        )
    _refuse_unfit(kind, subscription, f"{path}[subscription]")
    step: StripeDict = {"subscription": subscription["id"]}
    if kind == "subscription_cancel":
        if subscription["cancel_at_period_end"] or subscription["cancel_at"] is not None:
            raise invalid("This subscription is already set to be canceled.", param=f"{path}[subscription]")
        step["retention"] = _retention(tx, sent.get("retention"), path)
    if kind == "subscription_update_confirm":
        step["items"] = _confirmed_items(tx, sent["items"], subscription, configuration, path)
        step["discounts"] = _confirmed_discounts(tx, sent.get("discounts", []), customer, path)
    return step


def _refuse_unfit(kind: str, subscription: StripeDict, param: str) -> None:
    """Raise a 400 for a subscription with which the flow could only end in a refusal."""
    if kind == "subscription_pause" and not (is_pausable(subscription) and subscription["schedule"] is None):
        raise invalid("This subscription cannot be paused.", param=param)
    if kind in ("subscription_update", "subscription_update_confirm"):
        licensed = [item for item in subscription["items"]["data"] if not is_metered(item)]
        if len(licensed) != 1 or subscription["schedule"] is not None:
            raise invalid(
                "Subscriptions with several items, or under a schedule, cannot be updated in the portal.",
                param=param,
            )


def _retention(tx: Transaction, sent: dict[str, Any] | None, path: str) -> StripeDict | None:
    if sent is None:
        return None
    coupon = sent["coupon_offer"]["coupon"]
    usable_coupon(tx, coupon, tx.wall_now(), param=f"{path}[retention][coupon_offer][coupon]")
    return {"coupon_offer": {"coupon": coupon}, "type": sent["type"]}


def _confirmed_items(
    tx: Transaction,
    sent: list[dict[str, Any]],
    subscription: StripeDict,
    configuration: StripeDict,
    path: str,
) -> list[StripeDict]:
    """Return the one item to be confirmed; its price must be one customers may change to."""
    if len(sent) != 1 or len(subscription["items"]["data"]) != 1:
        raise invalid(
            "Only one item can be updated, of a subscription that has no other one.", param=f"{path}[items]"
        )
    entry, current, here = sent[0], subscription["items"]["data"][0], f"{path}[items][0]"
    if entry["id"] != current["id"]:
        raise missing_object("subscription item", entry["id"], param=f"{here}[id]")
    price_id = entry.get("price", current["price"]["id"])
    in_param(tx, "price", price_id, param=f"{here}[price]")
    products = configuration["features"]["subscription_update"]["products"]
    if "price" in entry and not any(price_id in product["prices"] for product in products):
        raise invalid(
            f"The price {price_id} is not among the products of the portal configuration {configuration['id']}.",
            param=f"{here}[price]",
        )
    quantity = entry.get("quantity", current.get("quantity"))
    if quantity is not None and quantity < 0:
        raise invalid(
            "Invalid non-negative integer", param=f"{here}[quantity]", code="parameter_invalid_integer"
        )
    return [{"id": entry["id"], "price": price_id, "quantity": quantity}]


def _confirmed_discounts(
    tx: Transaction, sent: list[dict[str, Any]], customer: StripeDict, path: str
) -> list[StripeDict]:
    now = tx.now_for(customer["id"])
    for index, entry in enumerate(sent):
        here = f"{path}[discounts][{index}]"
        if len(entry) != 1:
            raise exclusive_parameters(f"{here}[coupon]", f"{here}[promotion_code]")
        if "coupon" in entry:
            usable_coupon(tx, entry["coupon"], now, param=f"{here}[coupon]")
        else:
            usable_code(tx, entry["promotion_code"], customer, now, param=f"{here}[promotion_code]")
    return [{"coupon": entry.get("coupon"), "promotion_code": entry.get("promotion_code")} for entry in sent]


def _after_expiration(tx: Transaction, sent: dict[str, Any] | None) -> StripeDict | None:
    if sent is None:
        return None
    until = sent.get("customer_login", {}).get("expires_at")
    if until is not None and until <= tx.wall_now():
        raise invalid(
            "The timestamp must be in the future.", param="after_expiration[customer_login][expires_at]"
        )
    return {"customer_login": {"expires_at": until}, "type": sent["type"]}


def _after_completion(sent: dict[str, Any]) -> StripeDict:
    kind = sent["type"]
    if kind == "redirect" and "redirect" not in sent:
        raise missing_parameter("flow_data[after_completion][redirect]")
    redirect = sent.get("redirect")
    if redirect is not None:
        check_url(redirect["return_url"], "flow_data[after_completion][redirect][return_url]")
    confirmation = sent.get("hosted_confirmation")
    return {
        "hosted_confirmation": confirmation and {"custom_message": text(confirmation.get("custom_message"))},
        "redirect": redirect,
        "type": kind,
    }
