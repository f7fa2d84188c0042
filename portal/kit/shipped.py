"""Where templates, static files and migrations are: beside the package in a checkout, inside it once installed."""

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parents[1]
SHIPPED: Final = _PACKAGE if (_PACKAGE / "templates").is_dir() else _PACKAGE.parent
