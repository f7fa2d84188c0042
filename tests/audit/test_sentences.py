"""The words of the audit log."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from portal.audit.models import AuditEntry
from portal.audit.sentences import SENTENCES, actor_name, sentence
from portal.web.unit_of_work import Portal

PORTAL = Path(__file__).parents[2] / "portal"
NO_TENANT = ("user.", "password.", "session.", "sessions.", "operator.")


def recorded_actions() -> set[str]:
    """Every action that some code of the portal records, read from the source."""
    found: set[str] = set()
    for path in PORTAL.rglob("*.py"):
        if "emulator" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") in ("record", "_record")
                and node.args
            ):
                found |= {
                    part.value
                    for part in ast.walk(node.args[0])
                    if isinstance(part, ast.Constant)
                    and isinstance(part.value, str)
                    and re.fullmatch(r"[a-z_]+\.[a-z_]+", part.value)
                }
    return found


def test_every_action_a_tenant_sees_has_its_words() -> None:
    shown = {action for action in recorded_actions() if not action.startswith(NO_TENANT)}
    assert "member.invited" in shown
    assert shown - set(SENTENCES) == set()


@pytest.mark.parametrize(
    ("action", "details", "words"),
    [
        ("member.invited", {"email": "sam@example.com", "role": "admin"}, "invited sam@example.com as admin"),
        (
            "subscription.cancelled",
            {"ends_at": 1_796_083_200},
            "cancelled the plan, which ends on 1 December 2026",
        ),
        (
            "subscription.cancelled",
            {"ends_at": "2026-12-01T00:00:00+00:00"},
            "cancelled the plan, which ends on 1 December 2026",
        ),
        ("member.removed", {"member": "sam@example.com"}, "removed sam@example.com, who was (not known)"),
        (
            "payment.failed",
            {"amount": 4900, "currency": "usd", "number": "NW-0007"},
            "could not collect $49.00 for invoice NW-0007",
        ),
        ("something.new_happened", {}, "something: new happened"),
    ],
)
def test_details_are_read_as_people_write_them(
    app: Portal, action: str, details: dict[str, object], words: str
) -> None:
    assert sentence(AuditEntry(action=action, details=details)) == words


def test_actors_that_are_no_people_are_named_by_what_they_are() -> None:
    assert actor_name(AuditEntry(actor="stripe"), None) == "Stripe"
    assert actor_name(AuditEntry(actor="worker"), None) == "The portal"
    assert actor_name(AuditEntry(actor="api key pk_ab12"), None) == "api key pk_ab12"
    assert actor_name(AuditEntry(actor="owner@northwind.example.com"), "Olivia Owner") == "Olivia Owner"
