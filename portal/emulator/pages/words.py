"""How the pages put things: amounts with their currency, dates in full, prices and their intervals, states as words.

Pure functions over the JSON of the wire; every template gets them as filters.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from portal.emulator.billing.amounts import exact, spell

_BRANDS: Final = {
    "visa": "Visa",
    "mastercard": "Mastercard",
    "amex": "American Express",
    "discover": "Discover",
    "diners": "Diners Club",
    "jcb": "JCB",
    "unionpay": "UnionPay",
}
_STATES: Final = {
    "active": ("Active", "ok"),
    "trialing": ("Trial", "info"),
    "past_due": ("Past due", "bad"),
    "unpaid": ("Unpaid", "bad"),
    "incomplete": ("Incomplete", "warn"),
    "incomplete_expired": ("Expired", "muted"),
    "paused": ("Paused", "warn"),
    "canceled": ("Canceled", "muted"),
    "draft": ("Draft", "muted"),
    "open": ("Open", "warn"),
    "paid": ("Paid", "ok"),
    "uncollectible": ("Uncollectible", "bad"),
    "void": ("Void", "muted"),
    "complete": ("Complete", "ok"),
    "expired": ("Expired", "muted"),
    "ready": ("Ready", "ok"),
    "advancing": ("Advancing", "info"),
    "delivered": ("Delivered", "ok"),
    "pending": ("Pending", "warn"),
    "failed": ("Failed", "bad"),
    "enabled": ("Enabled", "ok"),
    "disabled": ("Disabled", "muted"),
    "verified": ("Verified", "ok"),
    "unverified": ("Not verified", "bad"),
}
TAX_ID_KINDS: Final = {
    "eu_vat": "EU VAT number",
    "gb_vat": "UK VAT number",
    "ch_vat": "Swiss VAT number",
    "no_vat": "Norwegian VAT number",
    "us_ein": "US EIN",
    "ca_gst_hst": "Canadian GST/HST number",
    "au_abn": "Australian ABN",
    "in_gst": "Indian GST number",
}

COUNTRIES: Final = {
    "AU": "Australia", "AT": "Austria", "BE": "Belgium", "BR": "Brazil", "CA": "Canada", "CZ": "Czechia",
    "DK": "Denmark", "FI": "Finland", "FR": "France", "DE": "Germany", "GR": "Greece", "HU": "Hungary",
    "IN": "India", "IE": "Ireland", "IT": "Italy", "JP": "Japan", "LU": "Luxembourg", "MX": "Mexico",
    "NL": "Netherlands", "NZ": "New Zealand", "NO": "Norway", "PL": "Poland", "PT": "Portugal", "RO": "Romania",
    "SG": "Singapore", "SK": "Slovakia", "SI": "Slovenia", "ZA": "South Africa", "ES": "Spain", "SE": "Sweden",
    "CH": "Switzerland", "GB": "United Kingdom", "US": "United States",
}  # fmt: skip


def money(amount: int, currency: str) -> str:
    """Write an amount in minor units with its currency: "$1,234.50", "20.00 SEK"."""
    return spell(amount, currency)


def unit_money(decimal: str, currency: str) -> str:
    """Write a unit amount that may be finer than a minor unit: "$0.002"."""
    return spell(exact(decimal), currency)


def date(at: int) -> str:
    """Write the UTC date of an instant in full: "22 November 2026"."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.day} {moment:%B %Y}"


def moment(at: int) -> str:
    """Write an instant to the second, in UTC: "22 November 2026, 14:03:07 UTC"."""
    return f"{date(at)}, {datetime.fromtimestamp(at, UTC):%H:%M:%S} UTC"


def day_input(at: int) -> str:
    """Write the UTC date of an instant as date inputs want it: "2026-11-22"."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def interval(recurring: dict[str, Any]) -> str:
    """Say how often: "month", "3 months"."""
    count, unit = recurring["interval_count"], recurring["interval"]
    return str(unit) if count == 1 else f"{count} {unit}s"


def every(recurring: dict[str, Any]) -> str:
    """Say how often after an amount: "per month", "every 3 months"."""
    return ("per " if recurring["interval_count"] == 1 else "every ") + interval(recurring)


def unit_price(price: dict[str, Any], unit_label: str | None = None) -> str:
    """Say what one unit costs and how often; of a tiered price, how it begins."""
    recurring = price["recurring"]
    often = f" {every(recurring)}" if recurring else ""
    metered = bool(recurring and recurring["usage_type"] == "metered")
    noun = unit_label or "unit"
    if price["billing_scheme"] == "tiered":
        words = _tiers(price, noun)
        return f"{words}, billed by use" if metered else f"{words}{often}"
    amount = unit_money(price["unit_amount_decimal"], price["currency"])
    package = price["transform_quantity"]
    if package:
        return f"{amount} per {package['divide_by']:,} {noun}s" + (", billed by use" if metered else often)
    if metered:
        return f"{amount} per {noun}, billed by use"
    return f"{amount} per {unit_label}{often.replace('per', 'a', 1)}" if unit_label else f"{amount}{often}"


def _tiers(price: dict[str, Any], noun: str) -> str:
    parts, below = [], 0
    for tier in price.get("tiers") or ():
        unit = exact(_tier_amount(tier, "unit_amount"))
        flat = exact(_tier_amount(tier, "flat_amount"))
        parts.append(_tier(unit, flat, tier["up_to"], below, price["currency"], noun))
        below = tier["up_to"] or below
    said = ", then ".join(parts) if parts else "in tiers"
    return said[0].upper() + said[1:]


def _tier(unit: Fraction, flat: Fraction, top: int | None, below: int, currency: str, noun: str) -> str:
    cost = f"{spell(unit, currency)} per {noun}" if unit or not flat else ""
    if flat:
        cost = f"{spell(flat, currency)}{' + ' + cost if cost else ''}"
    if not unit and not flat:
        cost = "included"
    if top is None:
        return cost
    return f"{'first' if below == 0 else 'up to'} {top:,} {cost}"


def _tier_amount(tier: dict[str, Any], name: str) -> str | int | None:
    decimal: str | None = tier.get(f"{name}_decimal")
    whole: int | None = tier.get(name)
    return whole if decimal is None else decimal


def brand(card: dict[str, Any]) -> str:
    """Name a card's brand."""
    return _BRANDS.get(card["brand"], str(card["brand"]).title())


def card(method: dict[str, Any]) -> str:
    """Name a card so that its owner knows it: "Visa ending 4242"."""
    return f"{brand(method['card'])} ending {method['card']['last4']}"


def number(digits: str) -> str:
    """Write a card number in groups as it is printed on a card."""
    cuts = (4, 10) if len(digits) == 15 else (4, 8, 12)
    edges = [0, *cuts, len(digits)]
    return " ".join(digits[start:end] for start, end in pairwise(edges))


def state(status: str) -> str:
    """Say a status in words."""
    return _STATES.get(status, (status.replace("_", " ").capitalize(), ""))[0]


def tone(status: str) -> str:
    """Give the tone a status is shown in: ok, info, warn, bad or muted."""
    return _STATES.get(status, ("", "muted"))[1]


def tax_id_kind(kind: str) -> str:
    """Name a kind of tax id."""
    return TAX_ID_KINDS.get(kind, kind.replace("_", " ").upper())


def postal(address: dict[str, Any] | None) -> str:
    """Write a postal address on one line: "Main Street 1, 10115 Berlin, Germany"."""
    if not address:
        return ""
    town = " ".join(part for part in (address["postal_code"], address["city"]) if part)
    country = COUNTRIES.get(address["country"] or "", address["country"])
    parts = (address["line1"], address["line2"], town, address["state"], country)
    return ", ".join(part for part in parts if part)
