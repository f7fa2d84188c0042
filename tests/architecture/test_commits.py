"""One commit at the edge: verbs change the session, and the unit of work commits it. What a request holds is asked
for at the edge too: verbs do not know that there is a request."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.sources import Sources, parsed, planted

MAY_COMMIT = (
    "portal/web/unit_of_work.py",
    "portal/jobs/",
    "portal/cli/",
    "portal/emulator/",
    "portal/demo/",
)
REQUEST = {"request", "session", "current_user", "g"}
# The audit trail notes who asked and from where; the tenancies of a person are kept in their cookie.
EDGES = (
    "portal/audit/record.py",
    "portal/tenants/tenancies.py",
    "portal/web/",
    "portal/api/",
    "portal/webhooks/",
    "portal/operator/",
    "portal/emulator/",
    "portal/app.py",
    "portal/extensions.py",
    "portal/accounts/sessions.py",
    "portal/tenants/access.py",
)
EDGE_MODULES = ("views.py", "forms.py")


def commits(sources: Sources) -> list[str]:
    """Return where something is committed away from the edge."""
    return [
        f"{name}:{node.lineno}"
        for name, tree in sources.items()
        if not name.startswith(MAY_COMMIT)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    ]


def knowledge_of_the_request(sources: Sources) -> list[str]:
    """Return where a verb, query or mirror reaches for the request, the cookie or the signed-in user."""
    return [
        f"{name}:{node.lineno} {alias.name}"
        for name, tree in sources.items()
        if not name.startswith(EDGES) and not name.endswith(EDGE_MODULES)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in ("flask", "flask_login", "portal.web.current")
        for alias in node.names
        if alias.name in REQUEST
    ]


def test_commit_stands_only_at_the_edge() -> None:
    assert commits(parsed()) == []


@pytest.mark.parametrize(
    "source", ["db.session.commit()", "finish = db.session.commit", "s = db.session\ns.commit()"]
)
def test_a_commit_in_a_verb_is_found(source: str) -> None:
    assert commits(planted(source)) != []


def test_only_the_edge_knows_the_request() -> None:
    assert knowledge_of_the_request(parsed()) == []


@pytest.mark.parametrize(
    "source",
    ["from flask import request", "from flask_login import current_user", "from flask import db, session"],
)
def test_a_verb_that_knows_the_request_is_found(source: str) -> None:
    assert knowledge_of_the_request(planted(source)) != []
    assert knowledge_of_the_request(planted(source, "portal/seats/views.py")) == []
