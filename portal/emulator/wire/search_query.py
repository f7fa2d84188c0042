"""Stripe's search query language: clauses of a field, an operator and a value, joined by AND or by OR.

See https://docs.stripe.com/search#search-query-language. Whatever is not in that language is refused: a query that
is half understood finds the wrong objects.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from portal.emulator.wire.errors import StripeError, invalid

Kind = Literal["token", "string", "numeric"]

_LONGEST: Final = 5000
_MOST_CLAUSES: Final = 10
_SHORTEST_SUBSTRING: Final = 3
_COMPARISONS: Final[dict[str, Callable[[Decimal, Decimal], bool]]] = {
    ":": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_OPERATORS: Final[dict[Kind, tuple[str, ...]]] = {
    "token": (":",),
    "string": (":", "~"),
    "numeric": tuple(_COMPARISONS),
}
_QUOTED: Final = r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
_CLAUSE: Final = re.compile(
    rf"(?P<minus>-?)(?P<field>[a-z_][a-z0-9_.]*)(?:\[(?P<key>{_QUOTED})\])?"
    rf"(?P<operator>[<>]=?|[:~])(?P<value>{_QUOTED}|-?\d+(?:\.\d+)?|null)(?=\s|$)",
    re.IGNORECASE | re.DOTALL,
)
_JOINT: Final = re.compile(r"\s+(?:(and|or)\s+)?", re.IGNORECASE)
_NUMBER: Final = re.compile(r"-?\d{1,18}(\.\d{1,12})?")


@dataclass(frozen=True)
class Field:
    """A field that can be searched: where its value stands in the object, and how it compares."""

    kind: Kind
    path: tuple[str, ...]


@dataclass(frozen=True)
class _Clause:
    field: Field
    sign: str
    value: str | None
    negated: bool

    def holds(self, obj: Mapping[str, Any]) -> bool:
        return self._compares(_found(obj, self.field.path)) is not self.negated

    def _compares(self, found: object) -> bool:
        if self.value is None or found is None:
            return self.value is None and found is None
        if self.field.kind == "numeric":
            return _COMPARISONS[self.sign](Decimal(str(found)), Decimal(self.value))
        text, wanted = str(found).casefold(), self.value.casefold()
        if self.sign == "~":
            return wanted in text
        return text == wanted if self.field.kind == "token" else _says(text.split(), wanted.split())


@dataclass(frozen=True)
class Query:
    """A query that was understood."""

    clauses: tuple[_Clause, ...]
    any_is_enough: bool

    def matches(self, obj: Mapping[str, Any]) -> bool:
        """Say whether an object, as on the wire, is searched for."""
        held = (clause.holds(obj) for clause in self.clauses)
        return any(held) if self.any_is_enough else all(held)


def parse_query(text: str, fields: Mapping[str, Field], resource: str) -> Query:
    """Return what a query asks of a resource (`payment_intents`) that is searched by these fields and by metadata.

    Raises a 400 naming `query` for what is not in the language: an unknown field, an operator or a value the
    field's type does not take, AND beside OR, more than ten clauses, more than 5000 characters.
    """
    if len(text) > _LONGEST:
        raise _refused(f"A search query can have at most {_LONGEST} characters.")
    clauses: list[_Clause] = []
    joints: set[str] = set()
    at, text = 0, text.strip()
    while True:
        matched = _CLAUSE.match(text, at)
        if matched is None:
            raise _not_understood()
        if len(clauses) == _MOST_CLAUSES:
            raise _refused(f"A search query can have at most {_MOST_CLAUSES} clauses.")
        clauses.append(_clause(matched, fields, resource))
        at = matched.end()
        if at == len(text):
            break
        joint = _JOINT.match(text, at)
        assert joint is not None, text
        joints.add((joint[1] or "and").lower())
        at = joint.end()
    if len(joints) > 1:
        raise _refused("AND and OR cannot be combined in one search query.")
    return Query(tuple(clauses), joints == {"or"})


def _clause(matched: re.Match[str], fields: Mapping[str, Field], resource: str) -> _Clause:
    name, key, sign = matched["field"], matched["key"], matched["operator"]
    value = None if matched["value"].lower() == "null" else _unquoted(matched["value"])
    if key is not None and name == "metadata":
        field = Field("token", ("metadata", _unquoted(key)))
    elif key is None and name in fields:
        field = fields[name]
    else:
        raise _refused(
            f"Field `{name}` is an unsupported search field for resource `{resource}`. "
            f"See https://docs.stripe.com/search#query-fields-for-{resource.replace('_', '-')} for those there are."
        )
    if sign not in (_OPERATORS[field.kind] if value is not None else (":",)):
        raise _refused(f"Operator `{sign}` is not supported for field `{name}` with this value.")
    if sign == "~" and len(value or "") < _SHORTEST_SUBSTRING:
        raise _refused(f"A substring must have at least {_SHORTEST_SUBSTRING} characters: `{name}`.")
    if field.kind == "numeric" and value is not None and not _NUMBER.fullmatch(value):
        raise _refused(f"Field `{name}` compares with numbers only.")
    return _Clause(field, sign, value, matched["minus"] == "-")


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL) if text[0] in "\"'" else text


def _found(obj: Mapping[str, Any], path: tuple[str, ...]) -> object:
    """Return what stands at a path; None where the path breaks off, and for "", which is no value either."""
    at: Any = obj
    for name in path:
        at = at.get(name) if isinstance(at, dict) else None
    return None if at == "" else at


def _says(text: list[str], wanted: list[str]) -> bool:
    """Say whether all the wanted words occur in a text one after the other: what "exact" means for strings."""
    return wanted != [] and any(
        text[start : start + len(wanted)] == wanted for start in range(len(text) - len(wanted) + 1)
    )


def _not_understood() -> StripeError:
    return _refused(
        'We were unable to parse your search query. Try the format `metadata["key"]:"value"` to query for '
        'metadata, or `key:"value"` to query for other fields.'
    )


def _refused(message: str) -> StripeError:
    return invalid(message, param="query")
