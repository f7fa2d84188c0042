"""Where in a TOML file each table, key and array element stands. The standard library's reader keeps no positions, so
this goes over the text once more, for its keys only; it relies on the text being valid TOML."""

from __future__ import annotations

import re
import tomllib
from collections import deque

Place = tuple[str | int, ...]
Lines = dict[Place, int]
_Tokens = deque[tuple[int, str]]
_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}|\'{3}.*?\'{3,5}|"(?:\\.|[^"\\])*"|'[^']*'|#[^\n]*|\n|[^\S\n]+|[^\s"'\[\]{}=,.\#]+|.''',
    re.DOTALL,
)


def lines_of(text: str) -> Lines:
    """Return the line, from 1, on which each part of the document first stands, by its path of keys and indexes."""
    lines: Lines = {}
    arrays: dict[Place, int] = {}
    table: Place = ()
    tokens = _tokens(text)
    while tokens:
        if tokens[0][1] == "\n":
            tokens.popleft()
        elif tokens[0][1] == "[":
            table = _read_header(tokens, lines, arrays)
        else:
            _read_pair(tokens, lines, table)
    return lines


def line_at(lines: Lines, place: Place) -> int:
    """Return the line of a place, or of the nearest table around it that the file has."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _tokens(text: str) -> _Tokens:
    found: _Tokens = deque()
    line = 1
    for match in _TOKEN.finditer(text):
        written = match.group()
        if written == "\n" or not (written.isspace() or written.startswith("#")):
            found.append((line, written))
        line += written.count("\n")
    return found


def _read_header(tokens: _Tokens, lines: Lines, arrays: dict[Place, int]) -> Place:
    """Read `[a.b]` or `[[a.b]]`; a name that stands for an array of tables means its last element."""
    brackets = 2 if tokens[1][1] == "[" else 1
    for _ in range(brackets):
        tokens.popleft()
    table: Place = ()
    keys = _read_keys(tokens)
    for number, (line, key) in enumerate(keys, start=1):
        table = (*table, key)
        lines.setdefault(table, line)
        if brackets == 2 and number == len(keys):
            arrays[table] = arrays.get(table, -1) + 1
        if table in arrays:
            table = (*table, arrays[table])
            lines.setdefault(table, line)
    for _ in range(brackets):
        tokens.popleft()
    return table


def _read_pair(tokens: _Tokens, lines: Lines, table: Place) -> None:
    for line, key in _read_keys(tokens):
        table = (*table, key)
        lines.setdefault(table, line)
    tokens.popleft()  # the equals sign
    _read_value(tokens, lines, table)


def _read_keys(tokens: _Tokens) -> list[tuple[int, str]]:
    keys = []
    while True:
        line, written = tokens.popleft()
        keys.append((line, next(iter(tomllib.loads(f"{written} = 0")))))
        if tokens[0][1] != ".":
            return keys
        tokens.popleft()


def _read_value(tokens: _Tokens, lines: Lines, place: Place) -> None:
    opened = tokens[0][1]
    if opened not in ("[", "{"):
        while tokens and tokens[0][1] not in ("\n", ",", "]", "}"):
            tokens.popleft()
        return
    tokens.popleft()
    index = 0
    while (following := tokens[0][1]) not in ("]", "}"):
        if following in ("\n", ","):
            tokens.popleft()
        elif opened == "{":
            _read_pair(tokens, lines, place)
        else:
            lines[(*place, index)] = tokens[0][0]
            _read_value(tokens, lines, (*place, index))
            index += 1
    tokens.popleft()
