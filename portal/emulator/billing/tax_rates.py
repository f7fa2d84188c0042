"""Which tax rates apply to an invoice line: its item's, its invoice's, or the automatic ones for the address.

And which may be chosen: rates that are not archived, and automatic ones only where the customer is known to live.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portal.emulator.billing.tax import AUTOMATIC, Rate, rate_of
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid
from portal.emulator.wire.lookup import in_param


def chosen_rates(
    tx: Transaction, rate_ids: Sequence[str], *, param: str, kept: Sequence[StripeDict] = ()
) -> list[StripeDict]:
    """Load the tax rates a request names.

    Raises a 400 for one that is unknown, and for an archived one that is not among the `kept`, in use here already.
    """
    in_use = {rate["id"] for rate in kept}
    rates = []
    for index, rate_id in enumerate(rate_ids):
        rate = in_param(tx, "tax_rate", rate_id, param=f"{param}[{index}]")
        if not rate["active"] and rate_id not in in_use:
            raise invalid(
                f"The tax rate {rate_id} is archived and cannot be used.", param=f"{param}[{index}]"
            )
        rates.append(rate)
    return rates


def refuse_unlocated(tx: Transaction, customer_id: str, params: Mapping[str, Any]) -> None:
    """Raise a 400 for a request that switches automatic tax on for a customer who lives nobody knows where."""
    customer = in_param(tx, "customer", customer_id, param="customer")
    if params.get("automatic_tax", {}).get("enabled") and not (customer["address"] or {}).get("country"):
        raise invalid(
            "The customer's location isn't recognized. Set a valid customer address in order to automatically "
            "calculate tax.",
            param="automatic_tax[enabled]",
            code="customer_tax_location_invalid",
        )


def rates_for(tx: Transaction, invoice: StripeDict, line: StripeDict) -> Sequence[Rate]:
    """Find the rates of one line of a draft."""
    if invoice["automatic_tax"]["enabled"]:
        return _automatic(tx, invoice, line)
    own = _item_rates(tx, line)
    return [rate_of(rate) for rate in (own or invoice["default_tax_rates"])]


def tax_location_status(invoice: StripeDict) -> str:
    """Say whether automatic tax can be worked out: it needs the customer's country."""
    address = invoice["customer_address"] or {}
    return "complete" if address.get("country") else "requires_location_inputs"


def _item_rates(tx: Transaction, line: StripeDict) -> list[StripeDict]:
    parent = line["parent"] or {}
    details = parent.get("invoice_item_details") or parent.get("subscription_item_details")
    if not details:
        return []
    if details["invoice_item"]:
        invoice_item = tx.get("invoiceitem", details["invoice_item"])
        if invoice_item and invoice_item["tax_rates"]:
            return list(invoice_item["tax_rates"])
    if "subscription_item" in details:
        item = tx.get("subscription_item", details["subscription_item"])
        if item and item["tax_rates"]:
            return list(item["tax_rates"])
    return []


def _automatic(tx: Transaction, invoice: StripeDict, line: StripeDict) -> Sequence[Rate]:
    country = (invoice["customer_address"] or {}).get("country")
    if country not in AUTOMATIC:
        return []
    percentage, name = AUTOMATIC[country]
    price_details = (line["pricing"] or {}).get("price_details")
    price = tx.get("price", price_details["price"]) if price_details else None
    inclusive = bool(price and price["tax_behavior"] == "inclusive")
    return [rate_of(_automatic_rate(tx, country, percentage, name, inclusive))]


def _automatic_rate(tx: Transaction, country: str, percentage: str, name: str, inclusive: bool) -> StripeDict:
    """Keep one tax rate object per country and behaviour, as lines point to one."""
    rate_id = f"txr_auto{country}{'Inclusive' if inclusive else 'Exclusive'}"
    known = tx.get("tax_rate", rate_id)
    if known is not None:
        return known
    rate: StripeDict = {
        "id": rate_id,
        "object": "tax_rate",
        "active": False,
        "country": country,
        "created": tx.wall_now(),
        "description": None,
        "display_name": name,
        "effective_percentage": float(percentage),
        "flat_amount": None,
        "inclusive": inclusive,
        "jurisdiction": country,
        "jurisdiction_level": "country",
        "livemode": False,
        "metadata": {},
        "percentage": float(percentage),
        "rate_type": "percentage",
        "state": None,
        "tax_type": "gst" if name == "GST" else "jct" if name == "JCT" else "vat",
    }
    tx.put(rate)
    return rate
