"""How a price turns a quantity into an amount, as plain values. No database, no catalogue, no Stripe: the
catalogue and the price rows are both read into these."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

Kind = Literal["flat", "per_unit", "package", "graduated", "volume"]


@dataclass(frozen=True, slots=True)
class Tier:
    """Units up to and including `up_to` (None: no end) at `rate` minor units each, plus `flat_amount` once."""

    up_to: int | None
    rate: Decimal
    flat_amount: int = 0


@dataclass(frozen=True, slots=True)
class PriceModel:
    """One price of one component in one currency.

    `rate` is minor units, fractions allowed: the whole fee (flat), per unit, or per started package of
    `package_size` units. `included` units cost nothing; packages and tiers count from there on.
    `minimum_amount` and `cap_amount` bound the result, in minor units (None: no bound).
    """

    kind: Kind
    currency: str
    rate: Decimal = Decimal(0)
    package_size: int = 1
    tiers: tuple[Tier, ...] = ()
    included: int = 0
    minimum_amount: int | None = None
    cap_amount: int | None = None

    def __post_init__(self) -> None:
        if (self.kind in ("graduated", "volume")) != bool(self.tiers):
            raise ValueError("tiers belong to graduated and volume prices, and these need them")
        if self.tiers and self.tiers[-1].up_to is not None:
            raise ValueError("the last tier must have no end")
        if self.package_size < 1 or self.included < 0:
            raise ValueError("packages hold at least one unit, and nothing less than zero is included")
        if self.rate < 0 or any(tier.rate < 0 or tier.flat_amount < 0 for tier in self.tiers):
            raise ValueError("a price cannot be negative")
        if self.cap_amount is not None and (self.minimum_amount or 0) > self.cap_amount:
            raise ValueError("the minimum is above the cap")

    def to_json(self) -> dict[str, Any]:
        """Return the model as a small JSON object; decimals as strings, so that nothing is lost."""
        return {
            "kind": self.kind,
            "currency": self.currency,
            "rate": str(self.rate),
            "package_size": self.package_size,
            "tiers": [[tier.up_to, str(tier.rate), tier.flat_amount] for tier in self.tiers],
            "included": self.included,
            "minimum_amount": self.minimum_amount,
            "cap_amount": self.cap_amount,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> PriceModel:
        """Read what `to_json` wrote."""
        return cls(
            kind=stored["kind"],
            currency=stored["currency"],
            rate=Decimal(stored["rate"]),
            package_size=stored["package_size"],
            tiers=tuple(Tier(up_to, Decimal(rate), flat) for up_to, rate, flat in stored["tiers"]),
            included=stored["included"],
            minimum_amount=stored["minimum_amount"],
            cap_amount=stored["cap_amount"],
        )
