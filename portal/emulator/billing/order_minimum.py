"""The minimum order value of promotion codes, where a subscription is what is ordered."""

from __future__ import annotations

from collections.abc import Collection

from portal.emulator.billing import tiers
from portal.emulator.billing.amounts import round_half_away, spell
from portal.emulator.billing.prices import full_price
from portal.emulator.billing.subscription_shape import is_metered
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid


def refuse_small_order(
    tx: Transaction, sub: StripeDict, items: list[StripeDict], known: Collection[str] = ()
) -> None:
    """Raise a 400 for a promotion code that asks for a larger order than a period of these items.

    Discounts that are `known` were redeemed before.
    """
    for index, discount_id in enumerate(sub["discounts"]):
        discount = tx.get("discount", discount_id)
        code_id = discount["promotion_code"] if discount and discount_id not in known else None
        code = tx.get("promotion_code", code_id) if code_id else None
        least = code["restrictions"]["minimum_amount"] if code else None
        if code is None or least is None:
            continue
        currency = code["restrictions"]["minimum_amount_currency"]
        if currency != sub["currency"] or _order(tx, sub, items) < least:
            raise invalid(
                f"This promotion code needs an order of at least {spell(least, currency)}.",
                param=f"discounts[{index}][promotion_code]",
                code="promotion_code_invalid",
            )


def _order(tx: Transaction, sub: StripeDict, items: list[StripeDict]) -> int:
    return sum(
        round_half_away(tiers.amount(full_price(tx, item["price"], sub["currency"]), item["quantity"]))
        for item in items
        if not is_metered(item)
    )
