"""Public identifiers and secrets: what may appear in a URL, and how a secret is kept."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"


def public_id() -> str:
    """Return 16 random base32 characters (80 bits): the only kind of id a URL may show."""
    return "".join(secrets.choice(_BASE32) for _ in range(16))


def is_public_id(text: str) -> bool:
    """Tell whether a text from outside has the form of a public id; what has not is not worth a look (PostgreSQL
    refuses some texts, such as a NUL, with an error)."""
    return len(text) == 16 and set(text) <= set(_BASE32)


def new_secret() -> str:
    """Return a URL-safe secret of 256 bits for links and API keys; store only its digest."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Return the SHA-256 hex digest under which a high-entropy secret is stored and found."""
    return hashlib.sha256(secret.encode()).hexdigest()


def slugify(name: str) -> str:
    """Turn a name into lower-case letters, digits and single hyphens, at most 40; `team` if nothing is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:40].strip("-") or "team"
