"""Runs one command: `portal …`, or `python -m portal.cli …`."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from importlib import import_module

from portal.cli.parser import parser
from portal.config import ConfigError
from portal.kit.errors import PortalError
from portal.plans.catalog import CatalogError
from portal.web.logs import configure

Command = Callable[[argparse.Namespace], int]


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status; settings that are wrong are one line on standard error."""
    arguments = parser().parse_args(argv)
    # A command that a person watches says what it did; only the worker's log is its output.
    configure(logging.INFO if arguments.command == "working:work" else logging.WARNING)
    # Where 2 has a meaning of its own, a mistake is 1.
    mistaken = 1 if getattr(arguments, "detailed_exitcode", False) else 2
    try:
        return run(arguments)
    except ConfigError as error:
        print(f"portal: {error}", file=sys.stderr)
        return mistaken
    except CatalogError as error:
        # One line for each mistake, as editors and terminals understand them: file:line: message.
        print(error, file=sys.stderr)
        return mistaken
    except PortalError as error:
        print(f"portal: {str(error)[:300]}", file=sys.stderr)
        return 1


def run(arguments: argparse.Namespace) -> int:
    """Run the command that was parsed and return its exit status. Raises what the command raises."""
    return command(arguments.command)(arguments)


def command(name: str) -> Command:
    """Import the function a command stands for: module:function of this package."""
    module, _, function = name.partition(":")
    found: Command = getattr(import_module(f"portal.cli.{module}"), function)
    return found


if __name__ == "__main__":
    sys.exit(main())
