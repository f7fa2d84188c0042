"""Who speaks at the API: a tenant, by its key in the Authorization header."""

from __future__ import annotations

from flask import request

from portal.api_keys.verify import tenant_of
from portal.kit.errors import PortalError


class BadKey(PortalError):
    """No key, or one that is not valid (any more)."""

    code = "invalid_api_key"
    status = 401
    public_message = "Send a valid API key: Authorization: Bearer pk_..."


def calling_tenant() -> int:
    """Return the id of the tenant whose key this request carries. Raises BadKey."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    found = tenant_of(key.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        raise BadKey(f"scheme {scheme[:20]!r}")
    return found[0]
