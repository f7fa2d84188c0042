"""One page of a long list, by number. Lists on pages are short; a cursor is not worth its address here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of one page. `number` starts at 1; `has_next` is known because one row more was fetched."""

    rows: Sequence[T]
    number: int
    has_next: bool

    @property
    def has_previous(self) -> bool:
        return self.number > 1


def page_number(raw: str | None) -> int:
    """Read a page number from a query string; anything that is not 1 to 10,000 means page 1."""
    if raw and raw.isascii() and raw.isdigit() and 1 <= int(raw[:6]) <= 10_000:
        return int(raw)
    return 1


def cut(rows: Sequence[T], *, number: int, size: int) -> Page[T]:
    """Make a page from `size + 1` fetched rows."""
    return Page(rows=rows[:size], number=number, has_next=len(rows) > size)
