"""Errors as Stripe answers them: status, type, code, message, and the parameter they are about."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class StripeError(Exception):
    """A refusal, raised anywhere while a request is served.

    By default everything the request wrote is rolled back. `keeps_effect` commits it first: a declined card leaves
    a payment intent and its events behind.
    """

    def __init__(
        self,
        status: int,
        error_type: str,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        decline_code: str | None = None,
        keeps_effect: bool = False,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type
        self.message = message
        self.code = code
        self.param = param
        self.decline_code = decline_code
        self.keeps_effect = keeps_effect
        self.extra = extra or {}

    def body(self, request_id: str) -> dict[str, Any]:
        """Return the JSON of the answer; keys without a value are left out, as Stripe does in errors."""
        error: dict[str, Any] = {"message": self.message, "type": self.error_type}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = "https://docs.stripe.com/error-codes/" + self.code.replace("_", "-")
        if self.param is not None:
            error["param"] = self.param
        if self.decline_code is not None:
            error["decline_code"] = self.decline_code
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": error | self.extra}


@contextmanager
def within(path: str) -> Iterator[None]:
    """Name parameters as fields of another one where they are refused within the block."""
    try:
        yield
    except StripeError as error:
        if error.param is not None:
            head, bracket, rest = error.param.partition("[")
            error.param = f"{path}[{head}]{bracket}{rest}"
        raise


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> StripeError:
    """Return a 400 about the request itself."""
    return StripeError(400, "invalid_request_error", message, param=param, code=code)


def unknown_parameter(name: str) -> StripeError:
    """Return the 400 for a parameter the API does not know."""
    return invalid(f"Received unknown parameter: {name}", param=name, code="parameter_unknown")


def missing_parameter(name: str) -> StripeError:
    """Return the 400 for a required parameter that was not sent."""
    return invalid(f"Missing required param: {name}.", param=name, code="parameter_missing")


def empty_parameter(name: str) -> StripeError:
    """Return the 400 for an empty value of a parameter that must have one."""
    return invalid(
        f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; "
        f"however '{name}' cannot be unset. You should remove '{name}' from your request or supply a non-empty value.",
        param=name,
        code="parameter_invalid_empty",
    )


def exclusive_parameters(first: str, second: str) -> StripeError:
    """Return the 400 for two parameters of which only one may be sent."""
    return invalid(
        f"You may only specify one of these parameters: {first}, {second}.",
        param=first,
        code="parameters_exclusive",
    )


def missing_object(noun: str, object_id: str, *, param: str, status: int = 400) -> StripeError:
    """Return the error for an id nothing has: 404 if the id is in the path, 400 if it is in a parameter."""
    return StripeError(
        status,
        "invalid_request_error",
        f"No such {noun}: '{object_id}'",
        code="resource_missing",
        param=param,
    )


def locked(message: str | None = None) -> StripeError:
    """Return the 429 for something another request is working on."""
    return StripeError(
        429,
        "invalid_request_error",
        message
        or "This object cannot be accessed right now because another API request or Stripe process is currently "
        "accessing it. If you see this error intermittently, retry the request.",
        code="lock_timeout",
    )


def card_declined(
    message: str,
    *,
    code: str = "card_declined",
    decline_code: str | None = None,
    param: str | None = None,
    extra: dict[str, Any] | None = None,
) -> StripeError:
    """Return the 402 for a card the bank refused; what the attempt left behind stays."""
    return StripeError(
        402,
        "card_error",
        message,
        code=code,
        decline_code=decline_code,
        param=param,
        keeps_effect=True,
        extra=extra,
    )
