"""Requests that are half right: parameters of the right names, with sense, nonsense and other objects' ids in them."""

from __future__ import annotations

import importlib
import types
import typing
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

import typing_extensions
from stripe._stripe_object import UntypedStripeObject

from portal.emulator.params import fields_of
from portal.emulator.wire.routes import Route
from tests.emulator.world import NOW

WORDS = [
    "",
    "x",
    "é✓",
    "\0",
    "a/b",
    "'; --",
    "x" * 6000,
    "-1",
    "0",
    "true",
    "usd",
    "eur",
    "jpy",
    "calls",
    "DE",
]
WORDS += [
    "pm_card_visa",
    "pm_card_chargeDeclined",
    "pm_card_threeDSecureRequired",
    "https://example.com/",
    "now",
]
NUMBERS = [
    "0",
    "1",
    "2",
    "5",
    "50",
    "100",
    "2000",
    "99999999",
    "-1",
    "-500",
    "1.5",
    str(10**17),
    str(2**63),
    "1e3",
    "٣",
]
NUMBERS += [str(NOW + seconds) for seconds in (-86_400, 0, 60, 3600, 5 * 86_400, 31 * 86_400, 366 * 86_400)]
RATES = ["0", "0.5", "10", "33.3333", "100", "-1", "NaN", "0.000000000001"]
LIKELY = {
    "customer": "customers", "price": "prices", "product": "products", "coupon": "coupons", "invoice": "invoices",
    "promotion_code": "promotion_codes", "subscription": "subscriptions", "charge": "charges", "meter": "meters",
    "payment_method": "payment_methods", "payment_intent": "payment_intents", "test_clock": "test_clocks",
    "default_payment_method": "payment_methods", "from_subscription": "subscriptions", "tax_rates": "tax_rates",
    "entitlement_feature": "features", "configuration": "configurations", "default_tax_rates": "tax_rates",
}  # fmt: skip
_WRAPPERS = (typing.NotRequired, typing_extensions.NotRequired, typing.Required, typing_extensions.Required)


def alternatives(hint: Any) -> list[Any]:
    """What an annotation admits, one by one."""
    while typing.get_origin(hint) in _WRAPPERS:
        (hint,) = typing.get_args(hint)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [found for part in typing.get_args(hint) for found in alternatives(part)]
    return [typing.ForwardRef(hint) if isinstance(hint, str) else hint]


def class_of(route: Route) -> Any:
    """The SDK's class of a call's parameters."""
    package, _, name = (route.params or "").rpartition(".")
    return getattr(importlib.import_module(f"stripe.params.{package}" if package else "stripe.params"), name)


class Garbage:
    """Makes up requests; `ids` are those of objects that exist, by the names of their collections."""

    def __init__(self, seed: int, ids: dict[str, str]) -> None:
        self.random = Random(seed)
        self.ids = ids

    def path(self, route: Route) -> str:
        """A path of the call, mostly with an id of the right kind."""
        parts = route.template.split("/")
        for index, part in enumerate(parts):
            if part.startswith("{"):
                parts[index] = self._id(parts[index - 1])
        return "/".join(parts)

    def parameters(self, route: Route) -> dict[str, str]:
        """Some of the call's parameters."""
        return dict(self._fields(class_of(route), "", 0)) if route.params else {}

    def _fields(self, annotation: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
        fields = fields_of(annotation)
        chance = self.random.choice((1, 2, 4)) / max(1, len(fields)) / (depth + 1)
        for name, hint in fields.items():
            wanted = name in annotation.__required_keys__ or (name in LIKELY and depth < 3)
            if self.random.random() < (0.9 if wanted else chance):
                yield from self._value(name, hint, f"{path}[{name}]" if path else name, depth + 1)

    def _value(self, name: str, hint: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
        if self.random.random() < 0.03:
            yield path + self.random.choice(("", "[]", "[x]", "[0][x][]", "[")), self.random.choice(WORDS)
            return
        kind = self.random.choice(alternatives(hint))
        origin = typing.get_origin(kind)
        if typing_extensions.is_typeddict(kind):
            yield from self._fields(kind, path, depth)
        elif origin is list:
            for index in range(self.random.choice((1, 1, 2))):
                yield from self._value(name, typing.get_args(kind)[0], f"{path}[{index}]", depth)
        elif origin in (dict, UntypedStripeObject):
            for key in self.random.sample(("a", "0", "usd", "stripe_customer_id", "value", "x" * 41), 2):
                yield from self._value(key, typing.get_args(kind)[-1], f"{path}[{key}]", depth)
        elif origin is typing.Literal:
            yield path, str(self.random.choice(typing.get_args(kind))).lower()
        else:
            yield path, self._scalar(name, kind)

    def _scalar(self, name: str, kind: Any) -> str:
        if kind is bool:
            return self.random.choice(("true", "true", "false", "false", "yes"))
        if kind in (int, datetime):
            return self.random.choice(NUMBERS)
        if kind in (float, Decimal):
            return self.random.choice(RATES)
        if name == "currency" and self.random.random() < 0.8:
            return "usd"
        return self._id(LIKELY[name]) if name in LIKELY else self.random.choice(WORDS)

    def _id(self, collection: str) -> str:
        if self.random.random() < 0.9:
            return self.ids.get(collection, "none")
        return self.random.choice([*self.ids.values(), *WORDS])
