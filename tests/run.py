"""`./dev test [pytest's arguments]`. Without arguments: everything on SQLite, browser tests included, then every test
that uses a database again on PostgreSQL, with the main path in the browser. `--cov` (always with CI=true) measures
branch coverage of the first run and fails below the floor. With other arguments: one run of pytest with them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.fixtures.chromium import NoChromium, find_chromium
from tests.fixtures.postgres_server import NoPostgres, server

ROOT = Path(__file__).resolve().parent.parent
PARALLEL = ("-n", "auto", "--dist", "loadgroup", "-q")
# What these say does not depend on the database (the contract of the migrations looks at both in the first run).
SAID_ONCE = (
    "architecture",
    "contracts",
    "emulator",
    "pricing",
    "plans/test_every_model_equals_invoices.py",
    "plans/test_prices_equal_invoices.py",
    "scenarios/test_a_year_per_pricing_model.py",
    "scenarios/test_plan_changes_over_months.py",
    "scenarios/test_usage_by_the_month_in_a_yearly_plan.py",
)
AGAIN_ON_POSTGRES = (
    "--database",
    "postgresql",
    *(f"--ignore=tests/{folder}" for folder in SAID_ONCE),
    "-m",
    "not chaos and not nightly and (not browser or main_path)",
)
COVERAGE_FLOOR = 90
OUTCOMES = ("passed", "failed", "skipped")


def main(arguments: Sequence[str]) -> int:
    """Run the tests and return the exit status: 0 only if something ran and nothing failed or, in CI, was missing."""
    if arguments and list(arguments) != ["--cov"]:
        return subprocess.call([sys.executable, "-m", "pytest", *arguments], cwd=ROOT)
    in_ci = os.environ.get("CI") == "true"
    with_coverage = in_ci or "--cov" in arguments
    started = time.monotonic()
    missing = []
    results: dict[str, Counter[str]] = {}
    environment = dict(os.environ)
    with contextlib.ExitStack() as running, tempfile.TemporaryDirectory() as reports:
        if with_coverage:
            environment["COVERAGE_FILE"] = str(Path(reports, "coverage"))
        try:
            find_chromium()
        except NoChromium as reason:
            missing.append(f"Chromium, so no browser test ran: {reason}")
        try:
            environment.setdefault("TEST_DATABASE_URL", "")
            environment["TEST_DATABASE_URL"] = environment["TEST_DATABASE_URL"] or running.enter_context(
                server()
            )
        except NoPostgres as reason:
            missing.append(f"PostgreSQL, so nothing ran on it: {reason}")
        results["SQLite"] = _pytest("SQLite", (), environment, Path(reports), with_coverage)
        if environment["TEST_DATABASE_URL"]:
            # Not measured again: it passes through the same lines.
            results["PostgreSQL"] = _pytest(
                "PostgreSQL", AGAIN_ON_POSTGRES, environment, Path(reports), False
            )
        covered = not with_coverage or _report_coverage(environment)
    return _close(results, missing, time.monotonic() - started, in_ci=in_ci, covered=covered)


def _pytest(
    name: str, words: Sequence[str], environment: Mapping[str, str], reports: Path, with_coverage: bool
) -> Counter[str]:
    """Run the suite once and count its outcomes; a run that breaks off counts as one failure more."""
    print(f"== {name}", flush=True)
    report = reports / f"{name}.xml"
    measuring = ("--cov", "--cov-report=") if with_coverage else ()
    command = [sys.executable, "-m", "pytest", *PARALLEL, f"--junitxml={report}", *measuring, *words]
    started = time.monotonic()
    status = subprocess.call(command, cwd=ROOT, env=environment)
    counted = outcomes_in(report)
    if status not in (0, 1) or (status == 1 and not counted["failed"]):
        counted["failed"] += 1
    counted["seconds"] = round(time.monotonic() - started)
    return counted


def outcomes_in(report: Path) -> Counter[str]:
    """Count passed, failed (errors too) and skipped tests in a JUnit report; nothing if there is none."""
    counted: Counter[str] = Counter()
    if not report.exists():
        return counted
    for suite in ET.parse(report).getroot().iter("testsuite"):
        failed = int(suite.get("failures", "0")) + int(suite.get("errors", "0"))
        skipped = int(suite.get("skipped", "0"))
        counted.update(failed=failed, skipped=skipped, passed=int(suite.get("tests", "0")) - failed - skipped)
    return counted


def _report_coverage(environment: Mapping[str, str]) -> bool:
    print("== Coverage", flush=True)
    words = ("report", f"--fail-under={COVERAGE_FLOOR}", "--precision=1")
    return subprocess.call([sys.executable, "-m", "coverage", *words], cwd=ROOT, env=environment) == 0


def _close(
    results: Mapping[str, Counter[str]], missing: Sequence[str], seconds: float, *, in_ci: bool, covered: bool
) -> int:
    """Print what happened, the totals in the last line, and return the exit status."""
    print("\n== Summary")
    total: Counter[str] = Counter()
    for name, counted in results.items():
        print(f"{name:<12}{in_words(counted)} in {counted['seconds']} s")
        total.update(counted)
    for line in missing:
        print(f"MISSING     {line}")
    if not covered:
        print(f"COVERAGE    below {COVERAGE_FLOOR} %, or it could not be measured")
    nothing_ran = any(not counted["passed"] for counted in results.values())
    if nothing_ran:
        print("NOTHING RAN in at least one of the runs")
    good = not total["failed"] and not nothing_ran and covered and not (in_ci and missing)
    print(f"{in_words(total)} in {seconds:.0f} s", flush=True)
    return 0 if good else 1


def in_words(counted: Mapping[str, int]) -> str:
    """Write counts as pytest does: 12 passed, 1 failed. Passed and failed always, skipped if there were any."""
    return ", ".join(
        f"{counted[outcome]} {outcome}" for outcome in OUTCOMES if counted[outcome] or outcome != "skipped"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
