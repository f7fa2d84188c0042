"""Answering one API request: key, version, route, parameters, idempotency, the handler's transaction, expansion."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from portal.emulator.answer import Answer, json_answer, text_answer
from portal.emulator.params import typed
from portal.emulator.store import Store
from portal.emulator.transaction import RequestInfo, StripeDict, Transaction
from portal.emulator.wire import idempotency
from portal.emulator.wire.errors import StripeError, locked
from portal.emulator.wire.expand import expand
from portal.emulator.wire.form import parse_form
from portal.emulator.wire.headers import check_account, check_form, check_key, check_version, idempotency_key
from portal.emulator.wire.reading import Parameters, unsupported
from portal.emulator.wire.routes import Call, Route, load_resources, match


@dataclass(frozen=True)
class ApiRequest:
    """A request as it came in; header names in lower case."""

    id: str
    method: str
    path: str
    query_string: str
    body: bytes
    headers: Mapping[str, str]


class Service:
    """The API over one store. Before a request is served, `let_time_pass` makes happen what is due by then."""

    def __init__(self, store: Store, let_time_pass: Callable[[], object]) -> None:
        load_resources()
        self._store = store
        self._let_time_pass = let_time_pass
        self._running: set[str] = set()
        self._lock = threading.Lock()

    def answer(self, request: ApiRequest, *, read_from: Store | None = None) -> Answer:
        """Answer a request. Refusals are answers; an exception is a defect of the emulator.

        `read_from` is another store that GETs are answered from.
        """
        headers = {"Request-Id": request.id}
        try:
            check_key(request.headers)
            check_account(request.headers)
            headers["Stripe-Version"] = check_version(request.headers)
            key = idempotency_key(request.headers) if request.method == "POST" else None
            if key is not None:
                headers["Idempotency-Key"] = key
            route, call = _route(request)
            if not route.writes:
                self._let_time_pass()
                return self._read(route, call, headers, read_from or self._store)
            with self._claimed(key, route, call):
                self._let_time_pass()
                return self._write(
                    route, call, RequestInfo(request.id, key), headers, idempotency.fingerprint(call)
                )
        except StripeError as error:
            return json_answer(error.status, error.body(request.id), headers)

    def remember_instead(self, request: ApiRequest, answer: Answer) -> None:
        """Answer the request like this whenever it is sent again under its key, if the key was kept."""
        key = idempotency_key(request.headers)
        if key is not None:
            with self._store.transaction() as tx:
                kept = idempotency.KeptAnswer(answer.status, answer.body.decode(), request.id)
                idempotency.keep_instead(tx, key, kept)

    @contextmanager
    def _claimed(self, key: str | None, route: Route, call: Call) -> Iterator[None]:
        """Keep a second request with the same key, or for the same object where that must wait, from running."""
        refusals = {f"key {key}": idempotency.in_use(key)} if key is not None else {}
        if route.alone is not None:
            refusals[f"object {call.args['id']}"] = locked(route.alone)
        with self._lock:
            busy = refusals.keys() & self._running
            if busy:
                raise refusals[busy.pop()]
            self._running |= refusals.keys()
        try:
            yield
        finally:
            with self._lock:
                self._running -= refusals.keys()

    def _read(self, route: Route, call: Call, headers: Mapping[str, str], store: Store) -> Answer:
        with store.transaction(write=False) as tx:
            return json_answer(200, _result(tx, route, call), headers)

    def _write(
        self, route: Route, call: Call, info: RequestInfo, headers: Mapping[str, str], fingerprint: str
    ) -> Answer:
        """Run the handler, its expansion and the keeping of its answer as one transaction."""
        with self._store.transaction(request=info) as tx:
            if info.idempotency_key is not None:
                kept = idempotency.recall(tx, info.idempotency_key, fingerprint)
                if kept is not None:
                    replayed = {"Idempotent-Replayed": "true", "Original-Request": kept.request_id}
                    return text_answer(kept.status, kept.body, {**headers, **replayed})
            answer = _handled(tx, route, call, info, headers)
            if info.idempotency_key is not None:
                body = answer.body.decode()
                idempotency.keep(
                    tx,
                    info.idempotency_key,
                    fingerprint,
                    idempotency.KeptAnswer(answer.status, body, info.id),
                )
            return answer


def _handled(
    tx: Transaction, route: Route, call: Call, info: RequestInfo, headers: Mapping[str, str]
) -> Answer:
    try:
        return json_answer(200, _result(tx, route, call), headers)
    except StripeError as error:
        if not error.keeps_effect:
            raise
        return json_answer(error.status, error.body(info.id), headers)


def _result(tx: Transaction, route: Route, call: Call) -> StripeDict:
    params = Parameters(typed(call.params, route.params, route.texts))
    result = route.handler(tx, replace(call, params=params))
    refusal = unsupported(params)
    if refusal is not None:
        raise refusal
    expand(tx, result, params.get("expand", []))
    return result


def _route(request: ApiRequest) -> tuple[Route, Call]:
    found = match(request.method, request.path)
    if found is None:
        raise StripeError(
            404,
            "invalid_request_error",
            f"Unrecognized request URL ({request.method}: {request.path}). "
            "Please see https://docs.stripe.com/api or the emulator's list of supported calls.",
        )
    route, args = found
    return route, Call(
        request.method, request.path.rstrip("/"), parse_form(_text_of(request)), args, request.id
    )


def _text_of(request: ApiRequest) -> str:
    """Return the parameters of the query and of the body: whatever the method, both count."""
    if not request.body:
        return request.query_string
    check_form(request.headers)
    try:
        body = request.body.decode()
    except UnicodeDecodeError as error:
        raise StripeError(400, "invalid_request_error", "Invalid request: the body is not UTF-8.") from error
    return f"{request.query_string}&{body}" if request.query_string else body
