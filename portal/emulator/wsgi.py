"""The emulator as a WSGI app: the API and the control interface by path, hosted pages everywhere else."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map
from werkzeug.wrappers import Request, Response

from portal.emulator import control
from portal.emulator.answer import Answer, json_answer
from portal.emulator.app import Emulator
from portal.emulator.faults import NoAnswer
from portal.emulator.origin import from_this_machine
from portal.emulator.pages.render import message
from portal.emulator.pages.urls import ENDPOINTS, RULES

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_FOR_PROGRAMS = ("/v1/", "/v2/", control.PREFIX)
_LARGEST_BODY = 32 * 1024 * 1024
_log = logging.getLogger("portal.emulator")
# Compiled once: a test suite opens many emulators.
_URLS = Map([rule.empty() for rule in RULES], strict_slashes=False)


class Web:
    """The WSGI app over one emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = _LARGEST_BODY
        try:
            response = self._respond(request)
        except HTTPException as error:
            return error(environ, start_response)
        except NoAnswer as silence:
            _keep_silent(environ, silence.seconds)
            response = Response(b"", 504)
        except Exception:
            _log.exception("the emulator failed on %s %s", request.method, request.path)
            response = _failure(request)
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        if request.path == "/healthz":
            return _response(json_answer(200, {"status": "ok"}))
        if request.path.startswith(control.PREFIX) and not from_this_machine(request):
            return _response(json_answer(403, {"error": "The control interface answers this machine only."}))
        if request.path.startswith(_FOR_PROGRAMS):
            query = request.query_string.decode("latin-1")
            headers = dict(request.headers.items())
            return _response(
                self.emulator.handle(request.method, request.path, query, request.get_data(), headers)
            )
        return self._page(request)

    def _page(self, request: Request) -> Response:
        self.emulator.let_time_pass()
        endpoint, values = _URLS.bind_to_environ(request.environ).match()
        response = ENDPOINTS[endpoint](self.emulator, request, **values)
        if request.method != "GET":
            self.emulator.something_to_deliver.set()
        return response


def _failure(request: Request) -> Response:
    """Answer where the emulator itself failed, for programs or for people."""
    text = "The emulator failed; its log says why."
    if request.path.startswith(_FOR_PROGRAMS):
        return _response(json_answer(500, {"error": {"type": "api_error", "message": text}}))
    return message("Something went wrong", text, status=500)


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, headers=dict(answer.headers))


def _keep_silent(environ: dict[str, Any], seconds: float) -> None:
    """Wait, then close the client's connection; servers other than ours answer 504 instead."""
    time.sleep(seconds)
    connection = environ.get("gunicorn.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
