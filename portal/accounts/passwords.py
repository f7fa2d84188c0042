"""Hashing and checking passwords with argon2id (OWASP's parameters: 19 MiB, two passes, one lane). Both take tens of
milliseconds on purpose, so callers do them before the first statement of a writing transaction."""

from __future__ import annotations

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.kit.errors import PortalError
from portal.kit.ids import new_secret

SHORTEST = 10
LONGEST = 200

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Each takes 19 MiB and a whole core: a burst of sign-ins must not fill the memory of a small machine.
_turns = threading.BoundedSemaphore(2)


class WeakPassword(PortalError):
    """The password would be among the first that somebody tries."""

    code = "weak_password"
    status = 422
    public_message = "This password is too easy to guess. Use several unrelated words, or a longer mix."


def hash_password(password: str) -> str:
    """Return the encoded argon2id hash of a password."""
    with _turns:
        return str(_hasher.hash(password))


def verify(stored: str | None, password: str) -> bool:
    """Tell whether the password belongs to the stored hash. None (no such user) takes as long and is False."""
    with _turns:
        try:
            return bool(_hasher.verify(stored or _nobody(), password)) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(stored: str) -> bool:
    """Tell whether the hash was made with older parameters than today's."""
    return bool(_hasher.check_needs_rehash(stored))


def refuse_weak(password: str, *known: str) -> None:
    """Refuse a password of fewer than five different characters, or one that is hardly more than a word in `known`
    (the person's address and name). Raises WeakPassword."""
    folded = password.casefold()
    words = [part for text in known for part in (text, *text.replace("@", " ").split()) if len(part) > 3]
    rest = min((len(folded.replace(word.casefold(), "")) for word in words), default=len(folded))
    if len(set(folded)) < 5 or rest < 4:
        raise WeakPassword


@cache
def _nobody() -> str:
    return str(_hasher.hash(new_secret()))
