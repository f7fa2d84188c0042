"""Every refusal and failure as a page, an htmx fragment or JSON (under /api/), with the same status and words."""

from __future__ import annotations

import structlog
from flask import Flask, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from portal.gateway.errors import GatewayUnavailable
from portal.kit.errors import NotFound, PortalError
from portal.web.htmx import wants_fragment
from portal.web.logs import request_id

log = structlog.get_logger("web")
_PAGES = {403, 404, 409, 413, 422, 429, 500, 503}
_TEXTS = {
    400: "The request was not understood.",
    403: "Your role does not allow this. Ask an owner or admin of your organisation.",
    404: "We could not find this page.",
    405: "This page cannot be used that way.",
    413: "What was sent is too large.",
    415: "The content type is not supported.",
    429: "Too many tries. Please wait a little and try again.",
}


def install(app: Flask) -> None:
    """Register the error handlers."""
    app.register_error_handler(PortalError, _refusal)
    app.register_error_handler(CSRFError, _expired_form)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _crash)

    @app.before_request
    def _no_nul() -> None:
        # No address of ours holds one, and PostgreSQL refuses to look for it with an error of its own.
        if "\0" in request.path:
            raise NotFound("NUL in the address")


def answer(status: int, code: str, message: str) -> Response:
    """Build the error answer for whoever asked: a program, htmx or a person."""
    if request.path.startswith("/api/"):
        body = {"error": {"code": code, "message": message, "request_id": request_id()}}
        return make_response(jsonify(body), status)
    if wants_fragment():
        return make_response(render_template("errors/_error.html", message=message, status=status), status)
    page = status if status in _PAGES else (500 if status >= 500 else 409)
    html = render_template(f"errors/{page}.html", message=message, status=status, request_id=request_id())
    return make_response(html, status)


def _path() -> str:
    """The path for the log; of a bearer link only its pattern, because whoever reads the log could open it."""
    return str(request.url_rule) if "token" in (request.view_args or {}) else request.path


def _refusal(error: PortalError) -> Response:
    level = log.warning if isinstance(error, GatewayUnavailable) or error.status < 500 else log.error
    level("refused", code=error.code, status=error.status, detail=str(error), path=_path())
    response = answer(error.status, error.code, error.public_message)
    if error.status in (429, 503):
        response.headers["Retry-After"] = "30"
    return response


def _expired_form(error: CSRFError) -> Response:
    log.info("csrf_refused", reason=error.description, path=_path())
    return answer(409, "form_expired", "This form is too old. Go back, reload the page and try again.")


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return Response(error.get_body(), status, error.get_headers())
    response = answer(
        status, error.name.lower().replace(" ", "_"), _TEXTS.get(status, error.description or "")
    )
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _crash(error: Exception) -> Response:
    log.exception("crashed", error=type(error).__name__, path=_path())
    return answer(500, "internal_error", "Something went wrong on our side. We have been told.")
