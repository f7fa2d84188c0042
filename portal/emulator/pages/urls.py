"""The addresses of the pages and the functions that answer them: (emulator, request, **values of the address)."""

from collections.abc import Callable, Sequence

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

Endpoint = Callable[..., Response]

RULES: Sequence[Rule] = ()
ENDPOINTS: dict[str, Endpoint] = {}
