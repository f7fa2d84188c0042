"""The lint of lock files notices each kind of drift from pyproject.toml."""

from __future__ import annotations

import pytest

from tests.lint_locks import disagreements, findings_in, main

HASH = "--hash=sha256:" + "0f" * 32
LOCK = f"""\
flask==3.1.3 \\
    {HASH}
psycopg==3.3.9 \\
    {HASH} \\
    {HASH}
tzdata==2026.6 ; sys_platform == 'win32' \\
    {HASH}
"""
WANTED = ["flask<3.2", "psycopg[binary]<4"]
MISTAKES = [
    ("flask==3.1.3", "flask==3.2.0", "outside <3.2"),
    ("flask==", "bottle==", "flask is not pinned"),
    ("flask==3.1.3", "flask>=3.1.3", "not pinned to one version"),
    ("flask==3.1.3", "flask==3.1.*", "not pinned to one version"),
    (HASH, "--hash=md5:00", "has no hash"),
    ("flask==3.1.3", "flask @ https://files.example.com/flask.whl", "names an address"),
    ("flask", "--index-url https://packages.example.com\nflask", "names an address"),
    ("flask==", "flask == == ", "is no requirement"),
]


def test_the_lock_files_agree_with_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0, capsys.readouterr().out


def test_a_lock_without_drift_has_no_findings() -> None:
    assert findings_in(LOCK, WANTED) == []


@pytest.mark.parametrize(("right", "wrong", "finding"), MISTAKES)
def test_each_kind_of_drift_is_found(right: str, wrong: str, finding: str) -> None:
    assert right in LOCK
    found = findings_in(LOCK.replace(right, wrong, 1), WANTED)
    assert any(finding in line for line in found), found


def test_a_package_tested_in_another_version_than_shipped_is_found() -> None:
    assert disagreements({"flask": "3.1.3"}, {"flask": "3.1.3", "pytest": "9.2"}) == []
    assert disagreements({"flask": "3.1.3"}, {"flask": "3.1.2"}) != []
    assert disagreements({"flask": "3.1.3"}, {}) != []
