"""What each action of the audit trail is called on the page: the words after the actor's name. A word in braces is a
detail of the entry."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from portal.audit.models import AuditEntry
from portal.kit.clock import from_unix
from portal.web.filters import amount_in, day

SENTENCES = {
    "api_key.created": "made the API key “{name}” ({prefix}…)",
    "api_key.revoked": "revoked the API key “{name}” ({prefix}…)",
    "checkout.closed": "closed the checkout of the {plan} plan without paying",
    "checkout.completed": "completed the checkout of the {plan} plan",
    "checkout.opened": "opened the checkout of the {plan} plan, billed by the {interval}",
    "customer.created": "set up payments",
    "invitation.revoked": "took back the invitation to {email}",
    "invitation.sent_again": "sent the invitation to {email} again",
    "invoice.marked_uncollectible": "gave up collecting invoice {number} of {amount}",
    "invoice.paid": "received {amount} for invoice {number}",
    "invoice.voided": "voided invoice {number} of {amount}",
    "member.invited": "invited {email} as {role}",
    "member.joined": "joined as {role}",
    "member.removed": "removed {member}, who was {role}",
    "member.role_changed": "changed the role of {member} from {before} to {after}",
    "payment.failed": "could not charge {amount} for invoice {number}",
    "payment.recovered": "received {amount} for invoice {number} after a failed payment",
    "seat.assigned": "gave {member} a seat",
    "seat.released": "took back the seat of {member}",
    "subscription.cancellation_planned": "planned the end of the {plan} plan for {ends_at}",
    "subscription.cancellation_undone": "took back the planned end of the {plan} plan",
    "subscription.cancelled": "cancelled the plan, which ends on {ends_at}",
    "subscription.ended": "ended the {plan} plan",
    "subscription.never_started": "closed the {plan} plan, whose first payment was never completed",
    "subscription.plan_changed": "moved from the {before} plan to the {plan} plan",
    "subscription.resumed": "kept the plan that was going to end",
    "subscription.second_live_found": "found a second running plan; a person must look at it",
    "subscription.started": "started the {plan} plan",
    "tenant.founded": "created {name}",
}
ACTORS = {"stripe": "Stripe", "worker": "The portal", "visitor": "Somebody who was not signed in"}


def sentence(entry: AuditEntry) -> str:
    """Write what happened, without the actor. An action without a sentence here shows its own name in words."""
    words = SENTENCES.get(entry.action)
    if words is None:
        return entry.action.replace(".", ": ").replace("_", " ")
    return words.format_map(_Readable(entry.details))


def actor_name(entry: AuditEntry, user_name: str | None) -> str:
    """Write who did it: a person by name, the rest by what they are."""
    return user_name or ACTORS.get(entry.actor, entry.actor)


class _Readable(dict[str, Any]):
    """Details as a person reads them: moments as days, amounts with their currency."""

    def __getitem__(self, key: str) -> str:
        value = self.get(key)
        if value is None:
            return "(not known)"
        if key.endswith("_at"):
            return day(from_unix(value) if isinstance(value, int) else datetime.fromisoformat(str(value)))
        if key.endswith("amount") and "currency" in self:
            return amount_in(int(value), str(self.get("currency")))
        return str(value)
