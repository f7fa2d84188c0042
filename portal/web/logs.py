"""Logs as JSON lines on standard error, each with the request's id. Amounts and ids may be logged; secrets, mail
bodies and bearer links may not."""

from __future__ import annotations

import logging
import sys
from uuid import uuid4

import structlog
from flask import Flask, Response, g, has_request_context


def request_id() -> str:
    """Return the id of the current request, made at first use; empty outside a request."""
    if not has_request_context():
        return ""
    if "request_id" not in g:
        g.request_id = str(uuid4())
    return str(g.request_id)


def _add_request_id(
    _logger: object, _name: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    if found := request_id():
        event["request_id"] = found
    return event


def configure(level: int = logging.INFO) -> None:
    """Set up logging for a process. Call once, from the command line or the WSGI module."""
    structlog.configure(
        processors=[
            _add_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def install(app: Flask) -> None:
    """Send each answer its request id, so that a person can name it."""

    @app.after_request
    def _name_request(response: Response) -> Response:
        response.headers["X-Request-Id"] = request_id()
        return response
