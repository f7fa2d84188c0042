"""Requests as no SDK would send them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from portal.emulator.app import Emulator


class Raw:
    """Sends hand-made requests to an emulator; answers are (status, JSON)."""

    def __init__(self, emulator: Emulator, key: str = "sk_test_raw") -> None:
        self.emulator = emulator
        self.headers = {"Authorization": f"Bearer {key}"}

    def get(self, path: str, query: str = "", **headers: str) -> tuple[int, dict[str, Any]]:
        return self._send("GET", path, query, b"", headers)

    def post(
        self, path: str, sent: dict[str, str] | None = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        return self._send("POST", path, "", urlencode(sent or {}).encode(), headers)

    def send(self, method: str, path: str, sent: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Send parameters where the method carries them."""
        if method == "POST":
            return self.post(path, sent)
        return self._send(method, path, urlencode(sent), b"", {})

    def _send(
        self, method: str, path: str, query: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.emulator.handle(method, path, query, body, {**self.headers, **named})
        content: dict[str, Any] = json.loads(answer.body)
        return answer.status, content
