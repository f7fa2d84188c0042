"""What can go wrong at Stripe, in our words. Nothing outside the gateway catches an SDK exception."""

from __future__ import annotations

from portal.kit.errors import PortalError


class GatewayError(PortalError):
    """Base of everything the gateway raises. `stripe_code` and `request_id` are for the log and the operator."""

    code = "gateway_error"
    status = 502

    def __init__(
        self,
        detail: str = "",
        *,
        public_message: str | None = None,
        stripe_code: str | None = None,
        param: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(detail, public_message=public_message)
        self.stripe_code = stripe_code
        self.param = param
        self.request_id = request_id


class GatewayUnavailable(GatewayError):
    """Stripe did not answer, answered 5xx, or the time allowed for this request ran out. The outcome of a write
    is unknown; the same idempotency key makes a retry safe."""

    code = "gateway_unavailable"
    status = 503
    public_message = (
        "Our payment provider is not answering right now. Nothing was lost; please try again in a minute."
    )


class GatewayBusy(GatewayUnavailable):
    """Stripe asked us to slow down, or another change to the same object is under way."""

    code = "gateway_busy"
    public_message = "Another change is still being processed. Please try again in a few seconds."


class CardDeclined(GatewayError):
    """The customer's card was refused; never retried by itself."""

    code = "card_declined"
    status = 402
    public_message = "The card was declined. Please use another card or ask your bank."


class GatewayRefused(GatewayError):
    """Stripe understood and refused: the object is gone, or in a state that does not allow this, or we sent
    something wrong. Retrying the same call does not help."""

    code = "gateway_refused"
    status = 409
    public_message = "Our payment provider did not accept this change. Nothing was charged."


class GatewayMissing(GatewayRefused):
    """The object does not exist at Stripe (deleted there, or another account's)."""

    code = "gateway_missing"


class GatewayMisconfigured(GatewayError):
    """The API key is wrong or lacks a permission: a person must look at the settings."""

    code = "gateway_misconfigured"
    status = 500
    public_message = "Payments are not set up correctly here. We have been told; please try again later."


class BadSignature(GatewayError):
    """A webhook request that Stripe did not sign with a current secret, or too long ago."""

    code = "bad_signature"
    status = 400
    public_message = "The signature is not valid."
