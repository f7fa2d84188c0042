"""Tax on invoice lines: given rates, or the small fixed table that stands in for Stripe's automatic tax."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from portal.emulator.billing.amounts import allocate, round_half_away

# Standard rates by country, enough to see tax on an invoice; everywhere else nothing is collected.
AUTOMATIC = {
    "AT": ("20", "VAT"), "AU": ("10", "GST"), "BE": ("21", "VAT"), "CH": ("8.1", "VAT"),
    "DE": ("19", "VAT"), "DK": ("25", "VAT"), "ES": ("21", "VAT"), "FI": ("25.5", "VAT"),
    "FR": ("20", "VAT"), "GB": ("20", "VAT"), "IE": ("23", "VAT"), "IT": ("22", "VAT"),
    "JP": ("10", "JCT"), "NL": ("21", "VAT"), "NO": ("25", "VAT"), "NZ": ("15", "GST"),
    "PL": ("23", "VAT"), "PT": ("23", "VAT"), "SE": ("25", "VAT"), "SG": ("9", "GST"),
}  # fmt: skip


class Rate(NamedTuple):
    """A tax rate as lines need it; `percentage` is exact."""

    rate_id: str
    percentage: Fraction
    inclusive: bool


def rate_of(tax_rate: dict[str, Any]) -> Rate:
    """Read a tax rate of the wire."""
    return Rate(tax_rate["id"], Fraction(str(tax_rate["percentage"])), tax_rate["inclusive"])


def line_taxes(net: int, rates: Sequence[Rate], exempt: str) -> list[dict[str, Any]]:
    """Tax one line's amount after discounts, as the entries of its `taxes`.

    Inclusive rates are taken out of the amount together, exclusive ones are put on what remains. `exempt` is
    the customer's tax_exempt: "exempt" and "reverse" keep the entries at zero and say why.
    """
    inclusive = [rate for rate in rates if rate.inclusive]
    exclusive = [rate for rate in rates if not rate.inclusive]
    if exempt != "none":
        reason = "reverse_charge" if exempt == "reverse" else "customer_exempt"
        return [_entry(rate, 0, 0, reason) for rate in (*inclusive, *exclusive)]
    share = sum((rate.percentage for rate in inclusive), Fraction(0)) / 100
    taxable = round_half_away(net / (1 + share))
    taken = allocate(net - taxable, [rate.percentage for rate in inclusive])
    taxes = [
        _entry(rate, amount, taxable, "standard_rated") for rate, amount in zip(inclusive, taken, strict=True)
    ]
    for rate in exclusive:
        amount = round_half_away(taxable * rate.percentage / 100)
        taxes.append(_entry(rate, amount, taxable, "standard_rated"))
    return taxes


def exclusive_tax(taxes: Sequence[dict[str, Any]]) -> int:
    """Sum what comes on top of the amounts."""
    return sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "exclusive")


def inclusive_tax(taxes: Sequence[dict[str, Any]]) -> int:
    """Sum what is already inside the amounts."""
    return sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "inclusive")


def total_taxes(lines: Sequence[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Add the lines' taxes up per rate and behaviour, as an invoice's `total_taxes`."""
    totals: dict[tuple[str, str, str], dict[str, Any]] = {}
    for tax in (tax for taxes in lines for tax in taxes):
        key = (tax["tax_rate_details"]["tax_rate"], tax["tax_behavior"], tax["taxability_reason"])
        if key in totals:
            totals[key]["amount"] += tax["amount"]
            totals[key]["taxable_amount"] += tax["taxable_amount"]
        else:
            totals[key] = {**tax, "tax_rate_details": dict(tax["tax_rate_details"])}
    return list(totals.values())


def _entry(rate: Rate, amount: int, taxable: int, reason: str) -> dict[str, Any]:
    return {
        "amount": amount,
        "tax_behavior": "inclusive" if rate.inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": rate.rate_id},
        "taxability_reason": reason,
        "taxable_amount": taxable,
        "type": "tax_rate_details",
    }
