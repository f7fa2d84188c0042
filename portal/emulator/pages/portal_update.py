"""Changing the plan in the Customer Portal: choose a price and quantity, see what is due, confirm exactly that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.billing.attributes import last_period_end
from portal.emulator.billing.previewing import preview_change
from portal.emulator.billing.prices import full_price, product_name
from portal.emulator.billing.subscription_shape import is_metered
from portal.emulator.billing.updating import update_subscription
from portal.emulator.pages import words
from portal.emulator.pages.payer_form import filled
from portal.emulator.pages.portal_home import show
from portal.emulator.pages.portal_planned import is_put_off, plan_change
from portal.emulator.pages.portal_visit import Visit, finish, open_visit, subscription_of
from portal.emulator.pages.promotion import typed_code
from portal.emulator.pages.render import page
from portal.emulator.pages.visit import NotHere
from portal.emulator.resources.account import MERCHANT_NAME
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, invalid


@dataclass(frozen=True)
class Offer:
    """A price the customer may change to. `bounds` are the quantities they may choose, None if they may not."""

    price: StripeDict
    name: str
    words: str
    current: bool
    bounds: tuple[int, int] | None


@dataclass(frozen=True)
class Change:
    """The parameters of an update. `put_off`: the item changes at the period's end."""

    params: dict[str, Any]
    put_off: bool


def choose(emulator: Emulator, _request: Request, session_id: str, subscription_id: str) -> Response:
    """Show what the subscription can be changed to."""
    with emulator.store.transaction() as tx:
        return _choice(tx, session_id, subscription_id)


def confirm(emulator: Emulator, request: Request, session_id: str, subscription_id: str) -> Response:
    """Show what the chosen change costs now, or make it. A card that is declined changes nothing."""
    if request.method == "GET":
        with emulator.store.transaction() as tx:
            try:
                return _preview(tx, request, session_id, subscription_id)
            except StripeError as refused:
                return _choice(tx, session_id, subscription_id, request, refused.message)
    try:
        with emulator.store.transaction() as tx:
            visit = open_visit(tx, session_id)
            sub = subscription_of(tx, visit, subscription_id)
            _make(tx, sub, _change(tx, visit, sub, request), request)
            kind = visit.flow["type"] if visit.flow else "subscription_update"
            return finish(tx, visit, kind, "updated")
    except StripeError as refused:
        with emulator.store.transaction() as tx:
            return _preview(tx, request, session_id, subscription_id, error=refused.message)


def _choice(
    tx: Transaction,
    session_id: str,
    subscription_id: str,
    request: Request | None = None,
    error: str | None = None,
) -> Response:
    visit = open_visit(tx, session_id)
    sub = subscription_of(tx, visit, subscription_id)
    if visit.flow is not None and visit.flow["type"] == "subscription_update_confirm":
        text = error or "This link is for one change only."
        back = visit.session["return_url"]
        link = (back, f"Return to {MERCHANT_NAME}") if back else None
        raise NotHere("That did not work", text, status=422, link=link)
    item = _main_item(visit, sub)
    feature = visit.feature("subscription_update")
    return page(
        "portal_update.html",
        200 if error is None else 422,
        visit=visit,
        shown=show(tx, visit, sub),
        offers=_offers(tx, visit, sub, item),
        chosen=(request.values.get("price") if request else None) or item["price"]["id"],
        quantity=item["quantity"],
        asks_code="promotion_code" in feature["default_allowed_updates"],
        posted=filled(request.values if request else None),
        error=error,
    )


def _make(tx: Transaction, sub: StripeDict, change: Change, request: Request) -> None:
    if change.put_off:
        plan_change(tx, sub, change.params["items"][0], change.params.get("discounts"))
        return
    details = {"proration_date": _proration_date(tx, sub, request), "payment_behavior": "error_if_incomplete"}
    update_subscription(tx, sub, {**change.params, **details})


def _preview(
    tx: Transaction, request: Request, session_id: str, subscription_id: str, error: str | None = None
) -> Response:
    visit = open_visit(tx, session_id)
    sub = subscription_of(tx, visit, subscription_id)
    change = _change(tx, visit, sub, request)
    now = tx.now(sub)
    invoice = None
    if not change.put_off:
        details = {**change.params, "proration_date": now}
        discounts = {"discounts": details.pop("discounts")} if "discounts" in details else {}
        invoice = preview_change(tx, sub, {"subscription_details": details, **discounts})
    return page(
        "portal_confirm.html",
        200 if error is None else 422,
        visit=visit,
        shown=show(tx, visit, sub),
        items=[_wanted(tx, sub, entry) for entry in change.params["items"]],
        fields=filled(request.values),
        invoice=invoice,
        due_now=invoice is not None and invoice["created"] <= now,
        starts_at=last_period_end(sub),
        proration_date=now,
        error=error,
    )


def _change(tx: Transaction, visit: Visit, sub: StripeDict, request: Request) -> Change:
    """Return the change of the flow, or what was chosen on the page, made as the configuration says.

    Raises a 400 for a quantity or a promotion code that cannot be, and for what would change nothing.
    """
    feature = visit.feature("subscription_update")
    if sub["schedule"] is not None:
        raise invalid("This subscription is going to change already.")
    flow = visit.flow
    step = flow["subscription_update_confirm"] if flow else None
    if step is not None and step["subscription"] == sub["id"]:
        (wanted,) = [_without_none(entry) for entry in step["items"]]
        discounts = [_without_none(entry) for entry in step["discounts"]]
    else:
        item = _main_item(visit, sub)
        wanted = {"id": item["id"], **_chosen(tx, visit, sub, item, request)}
        discounts = _coded(tx, visit, sub, feature, request)
        if not discounts and (wanted["price"], wanted["quantity"]) == (item["price"]["id"], item["quantity"]):
            raise invalid("This is what you have already.")
    params: dict[str, Any] = {"items": [wanted], "proration_behavior": feature["proration_behavior"]}
    if discounts:
        params["discounts"] = discounts
    if feature["billing_cycle_anchor"] == "now":
        params["billing_cycle_anchor"] = {"type": "now"}
    if sub["status"] == "trialing" and feature["trial_update_behavior"] == "end_trial":
        params["trial_end"] = "now"
    put_off = is_put_off(tx, sub, wanted, feature["schedule_at_period_end"]["conditions"])
    return Change(params, put_off)


def _coded(
    tx: Transaction, visit: Visit, sub: StripeDict, feature: StripeDict, request: Request
) -> list[StripeDict]:
    """Return the subscription's discounts with that of the promotion code that was typed; none without a code."""
    word = request.values.get("code", "").strip()
    if not word or "promotion_code" not in feature["default_allowed_updates"]:
        return []
    kept = [{"discount": discount_id} for discount_id in sub["discounts"]]
    return [*kept, {"promotion_code": typed_code(tx, word, visit.customer, tx.now(sub))["id"]}]


def _without_none(entry: StripeDict) -> StripeDict:
    return {name: value for name, value in entry.items() if value is not None}


def _chosen(
    tx: Transaction, visit: Visit, sub: StripeDict, item: StripeDict, request: Request
) -> dict[str, Any]:
    price_id, quantity = request.values.get("price", ""), request.values.get("quantity", "")
    for offer in _offers(tx, visit, sub, item):
        if offer.price["id"] != price_id:
            continue
        if offer.bounds is None:
            return {"price": price_id, "quantity": item["quantity"]}
        lowest, highest = offer.bounds
        if not quantity.isascii() or not quantity.isdigit() or not lowest <= int(quantity[:9]) <= highest:
            raise invalid(f"Enter a quantity between {lowest:,} and {highest:,}.", param="quantity")
        return {"price": price_id, "quantity": int(quantity)}
    raise invalid("Choose one of the plans on offer.", param="price")


def _offers(tx: Transaction, visit: Visit, sub: StripeDict, item: StripeDict) -> list[Offer]:
    feature = visit.feature("subscription_update")
    allowed = feature["default_allowed_updates"]
    offers = []
    for entry in feature["products"]:
        for price_id in entry["prices"]:
            price = tx.get("price", price_id)
            current = price_id == item["price"]["id"]
            if price is None or not (price["active"] or current) or price["currency"] != sub["currency"]:
                continue
            if not current and "price" not in allowed:
                continue
            adjustable = entry["adjustable_quantity"]
            free = "quantity" in allowed or adjustable["enabled"]
            bounds = (adjustable["minimum"] or 1, adjustable["maximum"] or 999_999) if free else None
            product = tx.get("product", price["product"]) or {}
            text = words.unit_price(full_price(tx, price, sub["currency"]), product.get("unit_label"))
            offers.append(Offer(price, product_name(tx, price), text, current, bounds))
    return offers


def _main_item(visit: Visit, sub: StripeDict) -> StripeDict:
    visit.feature("subscription_update")
    licensed: list[StripeDict] = [item for item in sub["items"]["data"] if not is_metered(item)]
    if len(licensed) != 1:
        text = "A subscription to several products cannot be changed here."
        raise NotHere("Not available", text, status=409, link=visit.way_home)
    return licensed[0]


def _wanted(tx: Transaction, sub: StripeDict, entry: StripeDict) -> StripeDict:
    current = next(item for item in sub["items"]["data"] if item["id"] == entry["id"])
    price = tx.get("price", entry.get("price", current["price"]["id"]))
    assert price is not None
    product = tx.get("product", price["product"]) or {}
    text = words.unit_price(full_price(tx, price, sub["currency"]), product.get("unit_label"))
    return {
        "name": product_name(tx, price),
        "words": text,
        "quantity": entry.get("quantity", current.get("quantity")),
    }


def _proration_date(tx: Transaction, sub: StripeDict, request: Request) -> int:
    """Take the instant the shown amounts were worked out for, so that what is charged is what was shown."""
    sent, now = request.form.get("proration_date", ""), tx.now(sub)
    return min(int(sent), now) if sent.isascii() and sent.isdigit() and len(sent) < 12 else now
