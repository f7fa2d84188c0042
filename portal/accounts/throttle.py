"""Limits on what can be guessed or used to annoy: tries are counted in database rows, so the numbers are exact over
all processes and machines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

import sqlalchemy as sa

from portal.accounts.models import Throttle
from portal.extensions import db
from portal.kit.clock import utcnow
from portal.kit.db import insert_for
from portal.kit.errors import PortalError
from portal.kit.ids import digest
from portal.web.unit_of_work import unit_of_work


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` tries in a `window` that starts with the first of them."""

    name: str
    most: int
    window: timedelta


SIGN_IN_ACCOUNT = Limit("sign-in-account", 10, timedelta(minutes=15))
SIGN_IN_ADDRESS = Limit("sign-in-address", 100, timedelta(minutes=15))
SIGN_UP_ADDRESS = Limit("sign-up-address", 60, timedelta(hours=1))
RESET_ACCOUNT = Limit("reset-account", 4, timedelta(hours=1))
RESET_ADDRESS = Limit("reset-address", 30, timedelta(hours=1))
INVITE_TENANT = Limit("invite-tenant", 60, timedelta(hours=1))


class TooManyTries(PortalError):
    """The limit is reached; the window must pass."""

    code = "too_many_tries"
    status = 429

    def __init__(self, limit: Limit) -> None:
        minutes = int(limit.window.total_seconds()) // 60
        wait = f"{minutes} minutes" if minutes < 60 else "an hour"
        super().__init__(
            limit.name, public_message=f"Too many tries in a short time. Please wait {wait} and try again."
        )


def spend(*tries: tuple[Limit, str]) -> None:
    """Count one try of each limit for its subject (an e-mail address, a network address, a tenant).

    Counts in a unit of work of its own, so that the count survives the refusal: call it outside any other.
    Raises TooManyTries when one of them was above its limit.
    """
    with unit_of_work():
        # One order for all, so that two requests cannot wait for each other's rows.
        counted = {
            limit: _count(limit, subject) for limit, subject in sorted(tries, key=lambda each: each[0].name)
        }
    for limit, count in counted.items():
        if count > limit.most:
            raise TooManyTries(limit)


def forget(limit: Limit, subject: str) -> None:
    """Start counting from nothing, after the right password."""
    db.session.execute(sa.delete(Throttle).where(Throttle.key == _key(limit, subject)))


def network_of(address: str | None) -> str:
    """Return what to count a client by: its IPv4 address, or its /64 in IPv6, where one person owns them all."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "unknown"
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else str(parsed)


def forget_expired() -> int:
    """Delete the rows whose window is over for a day; returns how many."""
    gone = sa.delete(Throttle).where(Throttle.window_started_at < utcnow() - timedelta(days=1))
    return db.session.execute(gone).rowcount  # type: ignore[attr-defined,no-any-return]


def _key(limit: Limit, subject: str) -> str:
    # A digest, because people type passwords into the address field.
    return f"{limit.name}:{digest(subject)}"


def _count(limit: Limit, subject: str) -> int:
    now = utcnow()
    insert = insert_for(db.session.connection(), Throttle).values(
        key=_key(limit, subject), count=1, window_started_at=now
    )
    is_over = Throttle.window_started_at <= now - limit.window
    counted = insert.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "count": sa.case((is_over, 1), else_=Throttle.count + 1),
            "window_started_at": sa.case((is_over, now), else_=Throttle.window_started_at),
        },
    ).returning(Throttle.count)
    return int(db.session.execute(counted).scalar_one())
