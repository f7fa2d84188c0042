"""How amounts, dates and numbers are written for a person. Dates in full, in the tenant's zone; amounts with their
currency's sign and Stripe's number of decimals."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, get_currency_symbol
from flask import Flask, g

from portal.kit.money import Money, exponent

LOCALE = "en_US"


def zone() -> ZoneInfo:
    """Return the time zone dates are shown in: the tenant's, or UTC where no tenant is known."""
    access = g.get("access")
    return ZoneInfo(access.tenant.time_zone) if access is not None else ZoneInfo("UTC")


def money(amount: Money) -> str:
    """Write an amount: Money(4900, 'usd') -> $49.00."""
    return amount_in(amount.minor, amount.currency)


@lru_cache(maxsize=2048)
def amount_in(minor: int, currency: str) -> str:
    """Write minor units of a currency. The decimals are Stripe's for the currency, never the locale library's."""
    digits = exponent(currency)
    return _in_currency(Decimal(minor).scaleb(-digits), currency, digits)


@lru_cache(maxsize=2048)
def unit_price(rate: Decimal, currency: str) -> str:
    """Write a price per unit given in minor units, keeping fractions of a cent: Decimal('0.04') usd -> $0.0004."""
    digits = exponent(currency)
    major = rate.scaleb(-digits)
    return _in_currency(major, currency, max(digits, -int(major.normalize().as_tuple().exponent)))


def day(at: datetime | date) -> str:
    """Write a date in full: 22 November 2026. Instants are shown in the tenant's zone."""
    return _written(at.astimezone(zone()).date() if isinstance(at, datetime) else at, "d MMMM yyyy")


def short_day(at: datetime | date) -> str:
    """Write a day for a chart axis: 22 Nov."""
    return _written(at.astimezone(zone()).date() if isinstance(at, datetime) else at, "d MMM")


@lru_cache(maxsize=2048)
def _written(shown: date, pattern: str) -> str:
    """Charts write the same few days over and over, and the locale library takes its time."""
    return str(format_date(shown, pattern, locale=LOCALE))


def moment(at: datetime) -> str:
    """Write an instant in full with its zone: 22 November 2026, 14:05 UTC."""
    local = at.astimezone(zone())
    return f"{format_datetime(local, 'd MMMM yyyy, HH:mm', tzinfo=zone(), locale=LOCALE)} {local.tzname()}"


@lru_cache(maxsize=2048, typed=True)
def number(value: int | Decimal) -> str:
    """Write a number with thousands separators, keeping its decimals."""
    return str(format_decimal(value, locale=LOCALE, decimal_quantization=False))


def plural(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun: 1 seat, 2 seats."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def _in_currency(major: Decimal, currency: str, places: int) -> str:
    # A pattern of one's own does without the locale's space after a sign of letters: KWD 1.500, but $1.50.
    gap = "\xa0" if get_currency_symbol(currency.upper(), locale=LOCALE)[-1].isalpha() else ""
    pattern = f"¤{gap}#,##0" + ("." + "0" * places if places else "")
    return str(
        format_currency(
            major, currency.upper(), format=f"{pattern};-{pattern}", locale=LOCALE, currency_digits=False
        )
    )


def install(app: Flask) -> None:
    """Register the filters for templates."""
    for each in (money, amount_in, unit_price, day, short_day, moment, number, plural):
        app.jinja_env.filters[each.__name__] = each
