"""Custom fields of Checkout: what a merchant may ask, and the payer's answers."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe.checkout import Session

from tests.emulator.account import Account
from tests.emulator.site import Visitor

SIZES = [{"label": "Small", "value": "s"}, {"label": "Large", "value": "l"}]


def labelled(key: str, kind: str, **more: Any) -> Any:
    """A field of a kind, labelled like its key."""
    return {"key": key, "type": kind, "label": {"type": "custom", "custom": key.title()}, **more}


def asking(account: Account, *fields: Any) -> Session:
    """A session for a book that asks these fields."""
    book: Any = {"currency": "usd", "unit_amount": 1500, "product_data": {"name": "Book"}}
    return account.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "customer_email": "ada@example.com",
            "success_url": "https://shop.example.com/",
            "line_items": [{"price_data": book, "quantity": 1}],
            "custom_fields": list(fields),
        }
    )


def test_answers_are_kept_with_the_session(account: Account, visitor: Visitor) -> None:
    session = asking(
        account,
        labelled("size", "dropdown", dropdown={"options": SIZES, "default_value": "l"}),
        labelled("floor", "numeric", optional=True),
        labelled("note", "text", text={"maximum_length": 20}),
    )
    visitor.open(session.url or "")
    visitor.submit("Pay", custom_note="By the door")
    size, floor, note = account.v1.checkout.sessions.retrieve(session.id).custom_fields
    assert size.dropdown is not None
    assert floor.numeric is not None
    assert note.text is not None
    assert (size.dropdown.value, floor.numeric.value, note.text.value) == ("l", None, "By the door")


@pytest.mark.parametrize(
    ("field", "answer", "told"),
    [
        (labelled("note", "text"), "", "Fill this in."),
        (labelled("note", "text", text={"minimum_length": 3, "maximum_length": 4}), "no", "Enter 3 to 4 characters."),
        (labelled("note", "numeric"), "12a", "Enter digits only."),
        (labelled("note", "numeric", numeric={"minimum_length": 2, "maximum_length": 2}), "1", "Enter 2 characters."),
        (labelled("note", "dropdown", dropdown={"options": SIZES}), "xl", "Choose one of the options."),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_told_beside_its_field(
    account: Account, visitor: Visitor, field: Any, answer: str, told: str
) -> None:
    session = asking(account, field)
    visitor.open(session.url or "")
    page = visitor.submit("Pay", custom_note=answer)
    assert (page.status_code, told in page.text) == (422, True)
    assert account.v1.checkout.sessions.retrieve(session.id).status == "open"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ([labelled("a", "text")] * 4, "custom_fields"),
        ([labelled("a", "text")] * 2, "custom_fields[1][key]"),
        ([labelled("a b", "text")], "custom_fields[0][key]"),
        ([labelled("a", "dropdown")], "custom_fields[0][dropdown]"),
        ([labelled("a", "text", numeric={"minimum_length": 1})], "custom_fields[0][numeric]"),
        ([labelled("a", "text", text={"minimum_length": 0})], "custom_fields[0][text][minimum_length]"),
        (
            [labelled("a", "text", text={"minimum_length": 9, "maximum_length": 3})],
            "custom_fields[0][text][maximum_length]",
        ),
        (
            [labelled("a", "dropdown", dropdown={"options": SIZES, "default_value": "xl"})],
            "custom_fields[0][dropdown][default_value]",
        ),
        (
            [labelled("a", "dropdown", dropdown={"options": SIZES[:1] * 2})],
            "custom_fields[0][dropdown][options][1][value]",
        ),
        ([labelled("x" * 101, "text")], "custom_fields[0][label][custom]"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(account: Account, fields: list[Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        asking(account, *fields)
    assert refused.value.param == param
