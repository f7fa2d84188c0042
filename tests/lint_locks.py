"""`python -m tests.lint_locks`, a step of `./dev lint`: the lock files say what pyproject.toml asks for, with a hash
for every file and nothing about where files come from. Needs no network; ends with 1 if there is a finding."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def main() -> int:
    """Check both lock files; return 1 if anything was found."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [str(line) for line in project["project"]["dependencies"]]
    for_work = [*wanted, *(str(line) for line in project["dependency-groups"]["dev"])]
    texts = {
        name: (ROOT / name).read_text(encoding="utf-8")
        for name in ("requirements.txt", "requirements-dev.txt")
    }
    lines = [f"requirements.txt: {text}" for text in findings_in(texts["requirements.txt"], wanted)]
    lines += [
        f"requirements-dev.txt: {text}" for text in findings_in(texts["requirements-dev.txt"], for_work)
    ]
    lines += disagreements(pins_in(texts["requirements.txt"]), pins_in(texts["requirements-dev.txt"]))
    print("\n".join(lines) or "no findings")
    return 1 if lines else 0


def findings_in(lock: str, wanted: list[str]) -> list[str]:
    """Return what is wrong with one lock file, given the requirements (name and range) it was compiled from."""
    found = list(_about_lines(lock))
    pins = pins_in(lock)
    for line in wanted:
        requirement = Requirement(line)
        version = pins.get(canonicalize_name(requirement.name))
        if version is None:
            found.append(f"{requirement.name} is not pinned: run ./dev lock")
        elif not requirement.specifier.contains(version, prereleases=True):
            found.append(
                f"{requirement.name} is pinned to {version}, outside {requirement.specifier}: run ./dev lock"
            )
    return found


def disagreements(product: Mapping[str, str], work: Mapping[str, str]) -> list[str]:
    """Return the packages that are tested in another version than they are shipped in."""
    return [
        f"{name} is {version} in requirements.txt and {work.get(name, 'missing')} in requirements-dev.txt"
        for name, version in product.items()
        if work.get(name) != version
    ]


def pins_in(lock: str) -> dict[str, str]:
    """Return the version of each package by its canonical name."""
    return {
        canonicalize_name(found.group(1)): found.group(2)
        for line in _logical_lines(lock)
        if (found := re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", line))
    }


def _about_lines(lock: str) -> Iterator[str]:
    for line in _logical_lines(lock):
        pin, *_ = line.split(" --hash", 1)
        if "://" in line or " @ " in line or line.startswith("-"):
            yield f"names an address or an option: {pin}"
            continue
        try:
            specifiers = list(Requirement(pin).specifier)
        except InvalidRequirement:
            yield f"is no requirement: {pin}"
            continue
        if [specifier.operator for specifier in specifiers] != ["=="] or "*" in pin.split(";")[0]:
            yield f"is not pinned to one version: {pin}"
        if not HASH.search(line) or HASH.sub("", line.removeprefix(pin)).strip():
            yield f"has no hash, or one that is not sha256: {pin}"


def _logical_lines(lock: str) -> Iterator[str]:
    for line in lock.replace("\\\n", " ").splitlines():
        text = " ".join(line.split())
        if text and not text.startswith("#"):
            yield text


if __name__ == "__main__":
    sys.exit(main())
