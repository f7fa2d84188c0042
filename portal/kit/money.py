"""Money is an integer of minor units with its currency. Adding two currencies raises; nothing is a float.
The exponents are Stripe's, not the locale library's: Stripe takes ISK and UGX with two decimals although life
has none (docs.stripe.com/currencies), so the portal must send and read them that way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met in one sum."""


def exponent(currency: str) -> int:
    """Return how many decimals Stripe uses for a lower-case currency code: 0, 2 or 3."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units (cents for usd, yen for jpy) of a lower-case ISO currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):
            raise TypeError("money is a whole number of minor units")
        if len(self.currency) != 3 or not self.currency.islower():
            raise ValueError(f"not a lower-case currency code: {self.currency!r}")

    @property
    def major(self) -> Decimal:
        """The amount in major units (dollars), exact; for display only."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be added")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __mul__(self, count: int) -> Money:
        return Money(self.minor * count, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __bool__(self) -> bool:
        return self.minor != 0


def total(amounts: Sequence[Money], currency: str) -> Money:
    """Add amounts of one currency; the empty sum is zero of `currency`. Raises CurrencyMismatch."""
    result = Money(0, currency)
    for amount in amounts:
        result = result + amount
    return result


def allocate(amount: Money, weights: Sequence[int]) -> list[Money]:
    """Split an amount by whole-number weights so that the parts add up exactly.

    The remainder goes to the largest fractions first, ties to the earlier part. Raises ValueError for
    negative weights or weights that sum to zero.
    """
    if any(weight < 0 for weight in weights) or sum(weights) == 0:
        raise ValueError("weights must be non-negative and not all zero")
    whole = sum(weights)
    sign = -1 if amount.minor < 0 else 1
    magnitude = abs(amount.minor)
    shares = [divmod(magnitude * weight, whole) for weight in weights]
    left = magnitude - sum(quotient for quotient, _ in shares)
    order = sorted(range(len(weights)), key=lambda index: (-shares[index][1], index))
    extra = set(order[:left])
    return [
        Money(sign * (quotient + (1 if index in extra else 0)), amount.currency)
        for index, (quotient, _) in enumerate(shares)
    ]
