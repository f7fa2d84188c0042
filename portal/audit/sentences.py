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
    "cancel.given_up": "gave up cancelling the plan, because no answer came",
    "cancel.refused": "refused to cancel the plan ({reason})",
    "cancel_now.given_up": "gave up ending the plan at once, because no answer came",
    "cancel_now.refused": "refused to end the plan at once ({reason})",
    "change.awaits_payment": "asked to confirm the payment of a change of plan",
    "change.given_back": "gave up a change that waited for its payment",
    "change.given_up": "gave up changing the plan, because no answer came",
    "change.made": "changed the plan from {before} to {plan}, billed by the {interval}",
    "change.not_paid": "dropped a change of plan that was not paid; nothing was charged",
    "change.planned": "planned to change from {before} to {plan}, billed by the {interval}, on {effective_at}",
    "change.refused": "refused to change the plan ({reason})",
    "change.taken_back": "took back the planned change to {plan}",
    "charge.reviewed": "looked at a charge of {charged_amount} for which {quoted_amount} was shown",
    "checkout.closed": "closed the checkout of the {plan} plan without a payment",
    "checkout.completed": "completed the checkout of the {plan} plan",
    "checkout.given_up": "gave up opening a checkout, because no answer came",
    "checkout.opened": "opened the checkout of the {plan} plan, billed by the {interval}",
    "checkout.refused": "refused to open a checkout ({reason})",
    "complete.given_up": "gave up adding what is billed by use to the plan, because no answer came",
    "complete.refused": "refused to add what is billed by use to the plan ({reason})",
    "customer.created": "set up payments",
    "customer.portal_opened": "opened the payment and billing details",
    "give_up.given_up": "gave up dropping a change that waited for its payment, because no answer came",
    "give_up.refused": "refused to drop a change that waited for its payment ({reason})",
    "invitation.revoked": "took back the invitation to {email}",
    "invitation.sent_again": "sent the invitation to {email} again",
    "invoice.credited": "credited {amount} by invoice {number}",
    "invoice.marked_uncollectible": "wrote off invoice {number} over {amount}",
    "invoice.paid": "received {amount} for invoice {number}",
    "invoice.voided": "withdrew invoice {number} over {amount}",
    "job.replayed": "tried the job {name} again",
    "keep.given_up": "gave up taking the planned change back, because no answer came",
    "keep.refused": "refused to take the planned change back ({reason})",
    "member.invited": "invited {email} as {role}",
    "member.joined": "joined as {role}",
    "member.removed": "removed {member}, who was {role}",
    "member.role_changed": "changed the role of {member} from {before} to {after}",
    "pause.given_up": "gave up pausing the plan, because no answer came",
    "pause.refused": "refused to pause the plan ({reason})",
    "payment.failed": "could not collect {amount} for invoice {number}",
    "payment.recovered": "collected {amount} for invoice {number} after an earlier try had failed",
    "plan_invitation.granted": "offered the {plan} plan, which is sold by invitation",
    "plan_invitation.revoked": "took back the offer of the {plan} plan",
    "replan.given_up": "gave up moving the planned change along, because no answer came",
    "replan.refused": "refused to move the planned change along ({reason})",
    "resume.given_up": "gave up keeping the plan, because no answer came",
    "resume.refused": "refused to keep the plan ({reason})",
    "retention.given_up": "gave up reducing the coming invoices, because no answer came",
    "retention.refused": "refused to reduce the coming invoices ({reason})",
    "seat.assigned": "gave {member} a seat",
    "seat.released": "took back the seat of {member}",
    "seats.awaits_payment": "asked to confirm the payment of a change of seats",
    "seats.changed": "changed the number of seats from {before} to {after}",
    "seats.given_up": "gave up changing the number of seats, because no answer came",
    "seats.not_paid": "dropped a change of seats that was not paid; nothing was charged",
    "seats.refused": "refused to change the number of seats ({reason})",
    "subscription.cancellation_planned": "was told to end the {plan} plan on {ends_at}",
    "subscription.cancellation_undone": "was told to keep the {plan} plan",
    "subscription.cancelled": "cancelled the plan, which ends on {ends_at}",
    "subscription.cancelled_now": "ended the plan at once ({reason})",
    "subscription.change_planned": "was told to change to {plan}, billed by the {interval}, on {effective_at}",
    "subscription.change_undone": "was told to drop the planned change to {plan}",
    "subscription.ended": "ended the {plan} plan",
    "subscription.never_started": "closed the {plan} plan, because its first payment was never made",
    "subscription.offer_taken": "stayed for {percent_off}% off the invoices of {months} months",
    "subscription.pause_begun": "was told to pause the {plan} plan",
    "subscription.pause_over": "went on with the {plan} plan",
    "subscription.paused": "paused the plan until {until_at}",
    "subscription.plan_changed": "changed the plan from {before} to {plan}, billed by the {interval}",
    "subscription.resumed": "kept the plan that was going to end",
    "subscription.second_live_found": "found a second plan being paid at the same time; we will contact you",
    "subscription.started": "started the {plan} plan",
    "subscription.unpaused": "went on with the paused plan",
    "tenant.founded": "created {name}",
    "unpause.given_up": "gave up going on with the paused plan, because no answer came",
    "unpause.not_paid": "asked to go on with the paused plan, whose invoice has to be paid first",
    "unpause.refused": "refused to go on with the paused plan ({reason})",
    "tenant.synced": "fetched the billing state from Stripe",
    "usage_report.reopened": "sent usage to Stripe again that it had refused ({count} reports)",
}
ACTORS = {
    "operator": "Our team",
    "stripe": "Stripe",
    "visitor": "Somebody who was not signed in",
    "worker": "The portal",
}


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
