"""Makes the addresses in a plain text clickable, for the mailbox page."""

from __future__ import annotations

import re

from markupsafe import Markup

_ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")


def with_links(text: str) -> Markup:
    """Return the text as HTML: everything escaped, web addresses as links."""
    parts: list[Markup] = []
    end = 0
    for found in _ADDRESS.finditer(text):
        parts.append(Markup("{}").format(text[end : found.start()]))
        parts.append(Markup('<a href="{0}">{0}</a>').format(found.group()))
        end = found.end()
    parts.append(Markup("{}").format(text[end:]))
    return Markup("").join(parts)
