"""gunicorn as it is deployed, for measuring memory."""

import sys
from pathlib import Path

# A terminal library of the development tools, which the log library would load; requirements.txt has none.
sys.modules["rich"] = None  # type: ignore[assignment]

exec(Path("gunicorn.conf.py").read_text())
