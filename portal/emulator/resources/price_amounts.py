"""What a price asks per unit: whole minor units or decimals of them, in one amount or in tiers."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

from portal.emulator.transaction import Objects, StripeDict
from portal.emulator.wire.errors import exclusive_parameters, invalid, missing_parameter

_LARGEST_AMOUNT = 99_999_999_999


def amounts_of(params: dict[str, Any], path: str = "") -> tuple[StripeDict, Objects | None]:
    """Return {unit_amount, unit_amount_decimal, custom_unit_amount} and the tiers, as a price shows them.

    `unit_amount` is null where the amount is fractional or in tiers. Raises a 400 unless exactly one way of
    pricing is given, and for tiers that are out of order or not closed by `inf`.
    """
    whole, decimal = pair_of(params, "unit_amount", path)
    custom = params.get("custom_unit_amount")
    if "tiers" in params:
        if decimal is not None:
            raise exclusive_parameters(_at(path, "unit_amount"), _at(path, "tiers"))
        empty = {"unit_amount": None, "unit_amount_decimal": None, "custom_unit_amount": None}
        return empty, _tiers(params["tiers"], _at(path, "tiers"))
    if custom is not None and custom["enabled"]:
        if decimal is not None:
            raise exclusive_parameters(_at(path, "unit_amount"), _at(path, "custom_unit_amount"))
        limits = _limits(custom, _at(path, "custom_unit_amount"))
        return {"unit_amount": None, "unit_amount_decimal": None, "custom_unit_amount": limits}, None
    if decimal is None:
        if params.get("billing_scheme") == "tiered":
            raise missing_parameter(_at(path, "tiers"))
        raise missing_parameter(_at(path, "unit_amount"))
    return {"unit_amount": whole, "unit_amount_decimal": decimal, "custom_unit_amount": None}, None


def currency_options_of(
    sent: dict[str, Any], currency: str, own: StripeDict, *, tiered: bool
) -> dict[str, StripeDict]:
    """Return the amounts by further currency.

    Raises a 400 where they are priced in another way than the price, or for another amount in its `own` currency.
    """
    options: dict[str, StripeDict] = {}
    for name, option in sent.items():
        path = f"currency_options[{name}]"
        amounts, tiers = amounts_of(option, path)
        if (tiers is not None) != tiered:
            raise invalid("All currencies of a price must use the same billing scheme.", param=path)
        if name == currency and any(
            own[part] != value for part, value in (*amounts.items(), ("tiers", tiers))
        ):
            raise invalid(
                f"The amounts in {currency}, the price's own currency, are set already.", param=path
            )
        options[name] = {
            **amounts,
            "tiers": tiers,
            "tax_behavior": option.get("tax_behavior", "unspecified"),
        }
    return options


def _limits(custom: dict[str, Any], path: str) -> StripeDict:
    """Return what the payer may choose. Raises a 400 for negative amounts and bounds that contradict each other."""
    limits: dict[str, Any] = {name: custom.get(name) for name in ("maximum", "minimum", "preset")}
    for name, amount in limits.items():
        if amount is not None and not 0 <= amount <= _LARGEST_AMOUNT:
            raise invalid(
                "This value must be greater than or equal to 0.",
                param=_at(path, name),
                code="parameter_invalid_integer",
            )
    given = [(name, limits[name]) for name in ("minimum", "preset", "maximum") if limits[name] is not None]
    for (lower, least), (upper, most) in pairwise(given):
        if least > most:
            raise invalid(f"The {upper} must be at least the {lower}.", param=_at(path, upper))
    return limits


def pair_of(params: dict[str, Any], name: str, path: str = "") -> tuple[int | None, str | None]:
    """Return an amount as (whole minor units or None, decimal string or None).

    Raises a 400 for a negative or too large one and for both spellings at once.
    """
    whole, decimal = params.get(name), params.get(f"{name}_decimal")
    if whole is not None and decimal is not None:
        raise exclusive_parameters(_at(path, name), _at(path, f"{name}_decimal"))
    if whole is None and decimal is None:
        return None, None
    amount = Decimal(str(decimal if whole is None else whole))
    if not 0 <= amount <= _LARGEST_AMOUNT:
        raise invalid(
            "This value must be greater than or equal to 0."
            if amount < 0
            else f"This value must be at most {_LARGEST_AMOUNT}.",
            param=_at(path, name if whole is not None else f"{name}_decimal"),
            code="parameter_invalid_integer",
        )
    exact = format(amount.normalize(), "f")
    return int(amount) if amount == amount.to_integral_value() else None, exact


def _tiers(sent: Objects, path: str) -> Objects:
    tiers: Objects = []
    reached = 0
    for index, tier in enumerate(sent):
        here = f"{path}[{index}]"
        last = index == len(sent) - 1
        up_to = None if tier["up_to"] == "inf" else int(tier["up_to"])
        if (up_to is None) != last:
            raise invalid(
                "The last tier, and only the last one, must have `up_to=inf`.", param=f"{here}[up_to]"
            )
        if up_to is not None and up_to <= reached:
            raise invalid("Each tier must reach further than the one before.", param=f"{here}[up_to]")
        reached = up_to or reached
        unit, flat = pair_of(tier, "unit_amount", here), pair_of(tier, "flat_amount", here)
        if unit[1] is None and flat[1] is None:
            raise missing_parameter(f"{here}[unit_amount]")
        tiers.append(
            {
                "flat_amount": flat[0],
                "flat_amount_decimal": flat[1],
                "unit_amount": unit[0],
                "unit_amount_decimal": unit[1],
                "up_to": up_to,
            }
        )
    return tiers


def _at(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name
