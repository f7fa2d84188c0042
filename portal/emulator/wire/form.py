"""Form bodies and query strings in every shape clients send: `a=1`, `a[b]=1`, `a[0]=1`, `a[]=1`, `a[0][b]=1`."""

import re
from typing import Any
from urllib.parse import parse_qsl

from portal.emulator.wire.errors import invalid

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_INDEX = re.compile(r"[0-9]{1,6}")
_DEEPEST = 12


def parse_form(text: str) -> dict[str, Any]:
    """Return nested dicts, lists and strings. Raises a 400 for a key that is no legal nesting and for no UTF-8."""
    tree: dict[str, Any] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        raise invalid("Invalid request: a parameter is not UTF-8.") from error
    for key, value in pairs:
        matched = _KEY.fullmatch(key)
        if matched is None:
            raise invalid(f"Invalid parameter name: {key}", param=key)
        parts = [matched[1], *re.findall(r"\[([^\[\]]*)\]", matched[2])]
        if len(parts) > _DEEPEST:
            raise invalid(f"Parameter nested too deeply: {key}", param=key)
        _place(tree, parts, value, key)
    return {name: _listed(value) for name, value in tree.items()}


def _place(tree: dict[str, Any], parts: list[str], value: str, key: str) -> None:
    at = tree
    for depth, part in enumerate(parts[:-1]):
        at = at.setdefault(_next_name(at, part, parts[depth + 1 :]), {})
        if not isinstance(at, dict):
            raise invalid(f"Invalid parameter: {key} is both a value and an object", param=key)
    name = _next_name(at, parts[-1], [])
    if isinstance(at.get(name), dict):
        raise invalid(f"Invalid parameter: {key} is both a value and an object", param=key)
    at[name] = value


def _next_name(at: dict[str, Any], part: str, rest: list[str]) -> str:
    """Give `[]` an index: the next free one, or the last one while its element lacks the field that follows."""
    if part != "":
        return part
    last = str(len(at) - 1)
    element = at.get(last)
    if rest and rest[0] != "" and isinstance(element, dict) and rest[0] not in element:
        return last
    return str(len(at))


def _listed(value: Any) -> Any:
    """Turn dicts whose keys are all indexes into lists, in the order of the indexes."""
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(item) for name, item in value.items()}
    if inner and all(_INDEX.fullmatch(name) for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
