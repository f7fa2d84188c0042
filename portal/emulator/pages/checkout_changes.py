"""What a payer may change on the Checkout page before paying: the promotion code and adjustable quantities."""

from __future__ import annotations

from collections.abc import Mapping

from werkzeug.wrappers import Request, Response

from portal.emulator.app import Emulator
from portal.emulator.billing.checkout_completion import amount_due_today
from portal.emulator.billing.checkout_payer import SESSION
from portal.emulator.pages.checkout import checkout_page, is_open
from portal.emulator.pages.checkout_summary import known_payer
from portal.emulator.pages.promotion import typed_code
from portal.emulator.pages.render import see
from portal.emulator.resources.checkout_amounts import reprice
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import StripeError, invalid


def change(emulator: Emulator, request: Request, session_id: str) -> Response:
    """Apply or remove a promotion code, or take other quantities, and show the page with the new amounts."""
    posted = request.form
    try:
        with emulator.store.transaction() as tx:
            session = tx.get(SESSION, session_id)
            if is_open(session, tx):
                private = tx.private(SESSION, session_id)
                if posted.get("change") == "quantities":
                    _take_quantities(private, posted)
                elif session["allow_promotion_codes"]:
                    session["discounts"] = (
                        [] if posted.get("change") == "remove_code" else [_discount(tx, session, posted)]
                    )
                reprice(tx, session, private)
                # A 3-D Secure that is still open was for the amount before.
                private.pop("pending", None)
                tx.put(session, private=private)
                # What could not be paid for in the end is refused before it is shown.
                amount_due_today(tx, session, known_payer(session))
    except StripeError as refused:
        return checkout_page(emulator, session_id, status=422, posted=posted, change_error=refused.message)
    return see(f"/c/pay/{session_id}")


def _discount(tx: Transaction, session: StripeDict, posted: Mapping[str, str]) -> StripeDict:
    customer = tx.get("customer", session["customer"] or "")
    code = typed_code(tx, posted.get("code", "").strip(), customer, tx.now_for(session["customer"]))
    return {"coupon": None, "promotion_code": code["id"]}


def _take_quantities(private: StripeDict, posted: Mapping[str, str]) -> None:
    for item in private["line_items"]:
        bounds, sent = item["adjustable_quantity"], posted.get(f"quantity_{item['id']}", "")
        if bounds is None:
            continue
        # A session's item always has a quantity of at least one; removing it is not offered.
        lowest = max(1, bounds["minimum"])
        if not sent.isascii() or not sent.isdigit() or not lowest <= int(sent[:9]) <= bounds["maximum"]:
            raise invalid(f"Enter a quantity between {lowest} and {bounds['maximum']}.", param="quantity")
        item["quantity"] = int(sent)
