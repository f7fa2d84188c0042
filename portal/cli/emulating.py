"""Starting the Stripe emulator."""

from __future__ import annotations

import argparse

from portal.emulator.serve import serve


def emulate(arguments: argparse.Namespace) -> int:
    """Serve the Stripe emulator until told to stop."""
    serve(
        arguments.host,
        arguments.port,
        arguments.store,
        seed=arguments.seed,
        living_clocks=arguments.living_clocks,
    )
    return 0
