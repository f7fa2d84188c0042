"""What the command line refuses before anything runs."""

from __future__ import annotations

import pytest

from portal.cli.parser import parser


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1"])
def test_a_port_there_cannot_be_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["emulator", f"--port={port}"])
    assert "is not a port" in capsys.readouterr().err
