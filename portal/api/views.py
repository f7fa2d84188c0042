"""The JSON API for the host product, under /api/v1: report usage, read usage, ask what a tenant may do. Every call
carries a tenant's API key; errors are {"error": {"code", "message", "request_id"}}."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from portal.api.auth import calling_tenant
from portal.api.usage_answer import usage_answer
from portal.subscriptions.entitlements import entitlements_of
from portal.usage.batch import BadBatch
from portal.usage.ingest import ingest
from portal.web.errors import answer
from portal.web.unit_of_work import opens_units_of_work

MOST_BYTES = 1_000_000

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


@blueprint.post("/usage/events")
@opens_units_of_work
def usage_events() -> Response:
    """Take a batch of usage events; answers {"accepted", "duplicates"}, or 422 naming each wrong event."""
    request.max_content_length = MOST_BYTES
    accepted = ingest(calling_tenant(), request.get_data(cache=False))
    return jsonify(asdict(accepted))


@blueprint.get("/usage")
def usage() -> Response:
    """Answer what the tenant used: ?meter=&from=&to=, by default this billing period and every meter."""
    return jsonify(usage_answer(calling_tenant(), request.args.to_dict()))


@blueprint.get("/entitlements")
def entitlements() -> Response:
    """Answer what the tenant may do: plan, access, features and limits. Never asks Stripe."""
    return jsonify(entitlements_of(calling_tenant()).to_json())


@blueprint.errorhandler(BadBatch)
def _bad_batch(error: BadBatch) -> Response:
    response = answer(error.status, error.code, error.public_message)
    body = response.get_json()
    body["error"]["events"] = [asdict(problem) for problem in error.problems[:100]]
    response.set_data(jsonify(body).get_data())
    return response
