"""The answer to one request, before it becomes bytes on a socket."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Status, headers and body, as a client of the API receives them."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def json_answer(status: int, content: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer with a JSON body."""
    return text_answer(status, json.dumps(content, separators=(",", ":"), ensure_ascii=False), headers)


def text_answer(status: int, text: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer whose body is JSON already."""
    return Answer(status, {"Content-Type": "application/json", **(headers or {})}, text.encode())
