"""Static files are addressed with a digest of their content, so browsers may keep them for a year."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

ONE_YEAR = 31_536_000


def install(app: Flask) -> None:
    """Add `?v=<digest>` to every static address and let such answers be kept."""
    root = Path(app.static_folder or "")

    @cache
    def version(filename: str) -> str:
        path = root / filename
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else ""

    @app.url_defaults
    def _add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "v" not in values and (found := version(values["filename"])):
            values["v"] = found

    @app.after_request
    def _keep(response: Response) -> Response:
        if request.endpoint == "static" and "v" in request.args and response.status_code == 200:
            response.headers["Cache-Control"] = f"public, max-age={ONE_YEAR}, immutable"
        return response
