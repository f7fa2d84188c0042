"""What has been charged in advance for each item and can still be given back.

Under the flexible billing mode a credit comes from what was really debited, so every charge in advance is noted
beside the subscription: for which item, how much after discounts, for which period, and where it stands.
"""

from __future__ import annotations

from typing import Any

from portal.emulator.billing.periods import Period
from portal.emulator.transaction import StripeDict


def note_debit(
    notes: StripeDict,
    item_id: str,
    amount: int,
    period: Period,
    *,
    invoice: str | None = None,
    line: str | None = None,
    invoice_item: str | None = None,
) -> None:
    """Remember a charge in advance, by the invoice line or the pending invoice item it stands on."""
    notes["debits"].append(
        {
            "item": item_id,
            "amount": amount,
            "start": period.start,
            "end": period.end,
            "invoice": invoice,
            "line": line,
            "invoice_item": invoice_item,
        }
    )


def take_debits(notes: StripeDict, item_id: str, at: int) -> list[dict[str, Any]]:
    """Hand out, and forget, the debits of an item that reach beyond an instant; older ones are dropped too."""
    mine = [debit for debit in notes["debits"] if debit["item"] == item_id]
    notes["debits"] = [debit for debit in notes["debits"] if debit["item"] != item_id]
    return [debit for debit in mine if debit["end"] > at]


def forget_ended(notes: StripeDict, at: int) -> None:
    """Drop debits whose period is over: nothing of them can be given back."""
    notes["debits"] = [debit for debit in notes["debits"] if debit["end"] > at]


def follow_lines(notes: StripeDict, draft: StripeDict) -> None:
    """Let the debits of a draft whose lines were changed be what those lines charge now."""
    net = {
        line["id"]: line["amount"] - sum(part["amount"] for part in line["discount_amounts"])
        for line in draft["lines"]["data"]
    }
    kept = []
    for debit in notes["debits"]:
        if debit["invoice"] == draft["id"]:
            debit["amount"] = net.get(debit["line"], 0)
        if debit["amount"] > 0:
            kept.append(debit)
    notes["debits"] = kept


def note_invoice_lines(notes: StripeDict, invoice: StripeDict) -> None:
    """Remember the lines in advance of a drafted invoice, and where its pending items went."""
    for line in invoice["lines"]["data"]:
        details = (line["parent"] or {}).get("subscription_item_details")
        if details is None or line["amount"] <= 0:
            continue
        net = line["amount"] - sum(part["amount"] for part in line["discount_amounts"])
        known = [
            d
            for d in notes["debits"]
            if details["invoice_item"] and d["invoice_item"] == details["invoice_item"]
        ]
        for debit in known:
            debit.update(invoice=invoice["id"], line=line["id"])
        if not known and not details["proration"] and line["period"]["end"] > invoice["period_end"]:
            period = Period(line["period"]["start"], line["period"]["end"])
            note_debit(
                notes, details["subscription_item"], net, period, invoice=invoice["id"], line=line["id"]
            )
