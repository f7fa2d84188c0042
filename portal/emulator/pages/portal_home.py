"""The Customer Portal's first page: subscriptions, payment methods, billing information, invoices."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.billing import tiers
from portal.emulator.billing.amounts import round_half_away
from portal.emulator.billing.due import pause_end, period_end
from portal.emulator.billing.pausing import is_pausable
from portal.emulator.billing.previewing import upcoming_invoice
from portal.emulator.billing.prices import full_price, product_name
from portal.emulator.billing.records import notes_of
from portal.emulator.billing.subscription_shape import is_metered
from portal.emulator.pages import words
from portal.emulator.pages.portal_planned import Planned, planned_change
from portal.emulator.pages.portal_visit import Visit, flow_step, open_visit, subscriptions_of
from portal.emulator.pages.render import message, page, see
from portal.emulator.resources.account import MERCHANT_NAME
from portal.emulator.resources.tax_ids import TAX_ID
from portal.emulator.transaction import Objects, StripeDict, Transaction

_SAID: Final = {
    "card_added": "The card was added.",
    "card_default": "This card is used for your payments from now on.",
    "card_removed": "The card was removed.",
    "details": "Your billing information was saved.",
    "canceled": "Your subscription was canceled.",
    "kept": "Your subscription goes on.",
    "paused": "Your subscription is paused.",
    "resumed": "Your subscription goes on.",
    "updated": "Your subscription was updated.",
    "offer": "The offer was applied, and your subscription goes on.",
}
_MOST_INVOICES: Final = 100
_CHANGEABLE: Final = ("active", "past_due", "trialing")


@dataclass(frozen=True)
class Item:
    """One thing a subscription is for: its name, what it costs, and how many (None: billed by use)."""

    name: str
    price: str
    quantity: int | None


@dataclass(frozen=True)
class Shown:
    """A subscription as its payer sees it. `next_amount` is the next invoice's, in minor units; None without one."""

    sub: StripeDict
    title: str
    items: list[Item]
    recurring: str | None
    ends_at: int | None
    renews_at: int
    next_amount: int | None
    method: StripeDict | None
    can_update: bool
    can_pause: bool
    paused_until: int | None
    planned: Planned | None


def home(emulator: Emulator, request: Request, session_id: str) -> Response:
    """Show the first page, or go to where the visit's flow happens."""
    with emulator.store.transaction() as tx:
        visit = open_visit(tx, session_id)
        step = flow_step(visit)
        if step is not None:
            return see(step)
        methods = tx.all("payment_method", {"customer": visit.customer["id"]})[::-1]
        return page(
            "portal_home.html",
            visit=visit,
            said=_SAID.get(request.args.get("done", "")),
            subscriptions=[show(tx, visit, sub) for sub in subscriptions_of(tx, visit)],
            methods=methods,
            default=default_method(tx, visit),
            tax_ids=tx.all(TAX_ID, {"customer": visit.customer["id"]}),
            unpaid=tx.all("invoice", {"customer": visit.customer["id"], "status": "open"}),
            invoices=_invoices(tx, visit),
        )


def done(emulator: Emulator, _request: Request, session_id: str) -> Response:
    """Confirm a finished flow in the words the merchant chose."""
    with emulator.store.transaction(write=False) as tx:
        visit = open_visit(tx, session_id)
        confirmation = (visit.session["flow"] or {}).get("after_completion", {}).get(
            "hosted_confirmation"
        ) or {}
        back = visit.session["return_url"]
        link = (back, f"Return to {MERCHANT_NAME}") if back else visit.way_home
        text = confirmation.get("custom_message") or "Your change was made. You can close this page."
        return message("All done", text, status=200, link=link)


def default_method(tx: Transaction, visit: Visit) -> str | None:
    """Return the id of the card that pays: the customer's default, else that of their newest subscription."""
    chosen: str | None = visit.customer["invoice_settings"]["default_payment_method"]
    if chosen is not None:
        return chosen
    for sub in subscriptions_of(tx, visit):
        if sub["default_payment_method"]:
            return str(sub["default_payment_method"])
    return None


def show(tx: Transaction, visit: Visit, sub: StripeDict) -> Shown:
    """Describe a subscription to its payer."""
    items = [_item(tx, sub, item) for item in sub["items"]["data"]]
    method_id = sub["default_payment_method"] or visit.customer["invoice_settings"]["default_payment_method"]
    main = [item for item in sub["items"]["data"] if not is_metered(item)]
    return Shown(
        sub=sub,
        title=items[0].name,
        items=items,
        recurring=_recurring(tx, sub, main),
        ends_at=sub["cancel_at"],
        renews_at=sub["trial_end"] if sub["status"] == "trialing" else period_end(sub),
        next_amount=_next_amount(tx, sub),
        method=tx.get("payment_method", method_id or ""),
        can_update=visit.offers("subscription_update")
        and len(main) == 1
        and sub["status"] in _CHANGEABLE
        and sub["schedule"] is None
        and sub["cancel_at"] is None,
        can_pause=visit.offers("subscription_pause") and is_pausable(sub) and sub["schedule"] is None,
        paused_until=pause_end(sub, notes_of(tx, sub["id"])),
        planned=planned_change(tx, sub),
    )


def _item(tx: Transaction, sub: StripeDict, item: StripeDict) -> Item:
    price = full_price(tx, item["price"], sub["currency"])
    product = tx.get("product", price["product"]) or {}
    return Item(
        product_name(tx, price), words.unit_price(price, product.get("unit_label")), item.get("quantity")
    )


def _recurring(tx: Transaction, sub: StripeDict, items: Objects) -> str | None:
    """Say what the fixed part costs per interval, before discounts and tax."""
    totals: dict[str, Fraction] = {}
    for item in items:
        price = full_price(tx, item["price"], sub["currency"])
        often = words.every(price["recurring"])
        totals[often] = totals.get(often, Fraction(0)) + tiers.amount(price, item["quantity"])
    said = [
        f"{words.money(round_half_away(total), sub['currency'])} {often}" for often, total in totals.items()
    ]
    return " and ".join(said) or None


def _next_amount(tx: Transaction, sub: StripeDict) -> int | None:
    upcoming = upcoming_invoice(tx, sub)
    return int(upcoming["amount_due"]) if upcoming is not None else None


def _invoices(tx: Transaction, visit: Visit) -> Objects:
    if not visit.offers("invoice_history"):
        return []
    shown = ["open", "paid", "uncollectible", "void"]
    return tx.list("invoice", {"customer": visit.customer["id"], "status": shown}, limit=_MOST_INVOICES).items
