"""Idempotency keys: the first answer to a key is kept with its effect and given again, for a day."""

import hashlib
import json
from dataclasses import dataclass

from portal.emulator.transaction import Transaction
from portal.emulator.wire.errors import StripeError
from portal.emulator.wire.routes import Call

_KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True)
class KeptAnswer:
    """The answer the first request with a key received."""

    status: int
    body: str
    request_id: str


def fingerprint(call: Call) -> str:
    """Return what must be equal for two requests to be the same one: not the order in which parameters were sent."""
    asked = json.dumps([call.method, call.path, call.params], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def recall(tx: Transaction, key: str, print_of_request: str) -> KeptAnswer | None:
    """Return the kept answer of a key, or None. Raises a 400 if the key was used for a different request."""
    row = tx.connection.execute(
        "SELECT fingerprint, status, body, request_id FROM idempotency WHERE key = ? AND created > ?",
        (key, _oldest(tx)),
    ).fetchone()
    if row is None:
        return None
    if row[0] != print_of_request:
        raise StripeError(
            400,
            "idempotency_error",
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request.",
        )
    return KeptAnswer(row[1], row[2], row[3])


def keep(tx: Transaction, key: str, print_of_request: str, answer: KeptAnswer) -> None:
    """Keep the answer with the transaction that has its effect; what is a day old makes room."""
    tx.connection.execute("DELETE FROM idempotency WHERE created <= ?", (_oldest(tx),))
    tx.connection.execute(
        "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?)",
        (key, print_of_request, answer.status, answer.body, answer.request_id, tx.wall_now()),
    )


def keep_instead(tx: Transaction, key: str, answer: KeptAnswer) -> None:
    """Let a key whose answer is kept be answered otherwise from now on."""
    tx.connection.execute(
        "UPDATE idempotency SET status = ?, body = ? WHERE key = ?", (answer.status, answer.body, key)
    )


def _oldest(tx: Transaction) -> int:
    return tx.wall_now() - _KEPT_SECONDS


def in_use(key: str) -> StripeError:
    """Return the 409 for a key whose first request is still running."""
    return StripeError(
        409,
        "idempotency_error",
        f"There is currently another in-progress request using this Idempotency-Key ({key}).",
        code="idempotency_key_in_use",
    )
