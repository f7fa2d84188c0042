"""The closing summary of `./dev test` tells the truth: what failed, did not run or was missing does not pass."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests import run

REPORT = '<testsuites><testsuite tests="5" failures="1" errors="1" skipped="1"/></testsuites>'


def close(passed: int = 3, failed: int = 0, *, missing: tuple[str, ...] = (), **more: bool) -> int:
    results = {"SQLite": Counter(passed=passed, failed=failed, seconds=2)}
    return run._close(results, missing, 2.4, **{"in_ci": False, "covered": True, **more})


def test_outcomes_are_counted_from_the_report(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT, encoding="utf-8")
    assert run.outcomes_in(report) == Counter(passed=2, failed=2, skipped=1)


def test_a_run_that_left_no_report_counted_nothing(tmp_path: Path) -> None:
    assert run.outcomes_in(tmp_path / "none.xml") == Counter()


def test_a_good_run_ends_with_its_totals(capsys: pytest.CaptureFixture[str]) -> None:
    assert close() == 0
    assert capsys.readouterr().out.splitlines()[-1] == "3 passed, 0 failed in 2 s"


def test_a_failure_fails_the_run() -> None:
    assert close(failed=1) == 1


def test_a_run_of_nothing_fails() -> None:
    assert close(passed=0) == 1


def test_coverage_below_the_floor_fails() -> None:
    assert close(covered=False) == 1


def test_what_is_missing_is_said_and_fails_only_in_ci(capsys: pytest.CaptureFixture[str]) -> None:
    missing = ("Chromium, so no browser test ran",)
    assert close(missing=missing) == 0
    assert "MISSING     Chromium, so no browser test ran" in capsys.readouterr().out
    assert close(missing=missing, in_ci=True) == 1


def test_a_run_that_breaks_off_counts_as_a_failure(tmp_path: Path) -> None:
    counted = run._pytest("Nothing", ("--no-such-option",), {"PATH": "/usr/bin"}, tmp_path, False)
    assert counted["failed"] == 1
