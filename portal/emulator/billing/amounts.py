"""Exact money arithmetic of the emulator: rounding, splitting, smallest chargeable amounts and how a price reads.

Amounts are integers in minor units; anything finer is a Fraction until it is rounded once, at the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])

# Stripe's published minimum charge per currency, in minor units; other currencies use the 50-cent rule.
MINIMUM_CHARGE = {
    "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250,
    "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200,
    "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}  # fmt: skip

SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "cad": "CA$", "aud": "A$", "inr": "₹"}


def round_half_away(value: Fraction) -> int:
    """Round an exact amount to the nearest minor unit, halves away from zero."""
    doubled = abs(value) * 2 + 1
    whole = doubled.numerator // (doubled.denominator * 2)
    return whole if value >= 0 else -whole


def exact(value: str | int | Decimal | None) -> Fraction:
    """Read an amount of the wire (integer, or decimal as a string) without losing a digit."""
    return Fraction(0) if value is None else Fraction(value)


def decimal_string(value: Fraction) -> str:
    """Write an exact amount as Stripe's decimal strings, up to 12 places and without trailing zeros."""
    scaled = round_half_away(value * 10**12)
    sign = "-" if scaled < 0 else ""
    whole, rest = divmod(abs(scaled), 10**12)
    return f"{sign}{whole}.{rest:012d}".rstrip("0").rstrip(".")


def allocate(total: int, weights: Sequence[int | Fraction]) -> list[int]:
    """Split an amount in proportion to weights so that the parts add up to it exactly.

    Largest remainder; ties go to the earlier part. With all weights zero the first part takes everything.
    """
    if not weights:
        return []
    whole = sum((Fraction(w) for w in weights), Fraction(0))
    if whole == 0:
        return [total, *[0] * (len(weights) - 1)]
    sign = -1 if total < 0 else 1
    shares = [Fraction(w) * abs(total) / whole for w in weights]
    parts = [share.numerator // share.denominator for share in shares]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - shares[i], i))
    for i in order[: abs(total) - sum(parts)]:
        parts[i] += 1
    return [sign * part for part in parts]


def minimum_charge(currency: str) -> int:
    """Give the smallest amount a card can be charged in this currency, in minor units."""
    if currency in ZERO_DECIMAL:
        return MINIMUM_CHARGE.get(currency, 50)
    return MINIMUM_CHARGE.get(currency, 500 if currency in THREE_DECIMAL else 50)


def exponent(currency: str) -> int:
    """Give the number of decimals of a currency."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def spell(amount: Fraction | int, currency: str) -> str:
    """Spell an amount as on Stripe's invoice lines: "$20.00", "$0.002", "20.00 SEK"."""
    places = exponent(currency)
    value = Fraction(amount) / 10**places
    text = decimal_string(abs(value))
    whole, _, rest = text.partition(".")
    if places or rest:
        rest = rest.ljust(places, "0")
    text = f"{int(whole):,}" + (f".{rest}" if rest else "")
    sign = "-" if value < 0 else ""
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{text}" if symbol else f"{sign}{text} {currency.upper()}"
