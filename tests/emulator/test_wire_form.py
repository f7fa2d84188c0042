"""Form bodies in every shape clients send."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.emulator.wire.errors import StripeError
from portal.emulator.wire.form import parse_form


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("a=1&b=", {"a": "1", "b": ""}),
        ("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        ("a[0]=x&a[1]=y", {"a": ["x", "y"]}),
        ("a[1]=y&a[0]=x", {"a": ["x", "y"]}),
        ("a[]=x&a[]=y", {"a": ["x", "y"]}),
        ("a[0][b]=1&a[1][b]=2", {"a": [{"b": "1"}, {"b": "2"}]}),
        ("a[][b]=1&a[][c]=2&a[][b]=3", {"a": [{"b": "1", "c": "2"}, {"b": "3"}]}),
        ("a=1&a=2", {"a": "2"}),
        ("a%5Bb%5D=caf%C3%A9+au+lait", {"a": {"b": "café au lait"}}),
        # A key of digits longer than any index is a key.
        ("a[" + "9" * 5000 + "]=x", {"a": {"9" * 5000: "x"}}),
        ("", {}),
    ],
    ids=range(11),
)
def test_each_shape_is_understood(text: str, parsed: object) -> None:
    assert parse_form(text) == parsed


@pytest.mark.parametrize(
    "text", ["a[b=1", "[a]=1", "a]b=1", "a=1&a[b]=2", "a[b]=2&a=1", "a" + "[b]" * 20 + "=1", "a=%ED%A0%80"]
)
def test_what_is_no_form_is_refused(text: str) -> None:
    with pytest.raises(StripeError) as refused:
        parse_form(text)
    assert refused.value.status == 400


_words = st.text(st.characters(codec="utf-8", exclude_characters="[]"), min_size=1, max_size=8)
_trees = st.recursive(
    _words,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(_words.map(lambda w: "k" + w), inner, min_size=1)
    ),
    max_leaves=8,
)


@given(st.dictionaries(_words, _trees, max_size=4))
def test_what_a_client_encodes_comes_out_again(sent: dict[str, object]) -> None:
    assert parse_form("&".join(_encoded(sent))) == sent


def _encoded(value: object, path: str = "") -> list[str]:
    if isinstance(value, dict):
        items = [(f"{path}[{name}]" if path else name, item) for name, item in value.items()]
    elif isinstance(value, list):
        items = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    else:
        return [f"{quote(path)}={quote(str(value))}"]
    return [pair for name, item in items for pair in _encoded(item, name)]
