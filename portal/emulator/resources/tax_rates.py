"""Tax rates: a percentage with a name, inclusive or on top."""

import re
from copy import deepcopy
from typing import Any

from portal.emulator.events import emit, emit_updated
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import empty_parameter, invalid
from portal.emulator.wire.fields import check_lengths, set_texts, set_values, text
from portal.emulator.wire.lookup import in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

_LONGEST = {"display_name": 50, "jurisdiction": 50}
_DECIMALS = 4
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_TEXTS = ("country", "description", "display_name", "jurisdiction", "state", "tax_type")


@route("POST", "/v1/tax_rates", params="TaxRateCreateParams")
def create_tax_rate(tx: Transaction, call: Call) -> StripeDict:
    """Create a tax rate."""
    params = call.params
    percentage = params["percentage"]
    if not 0 <= percentage <= 100 or round(percentage, _DECIMALS) != percentage:
        raise invalid(
            f"Invalid percentage: must be between 0 and 100, with at most {_DECIMALS} decimals.",
            param="percentage",
        )
    _check(params)
    rate: StripeDict = {
        "id": tx.new_id("txr"),
        "object": "tax_rate",
        "active": params.get("active", True),
        "country": text(params.get("country")),
        "created": tx.wall_now(),
        "description": text(params.get("description")),
        "display_name": params["display_name"],
        "effective_percentage": params["percentage"],
        "flat_amount": None,
        "inclusive": params["inclusive"],
        "jurisdiction": text(params.get("jurisdiction")),
        "jurisdiction_level": None,
        "livemode": False,
        "metadata": merged(None, params.get("metadata")),
        "percentage": params["percentage"],
        "rate_type": "percentage",
        "state": text(params.get("state")),
        "tax_type": text(params.get("tax_type")),
    }
    tx.put(rate)
    emit(tx, "tax_rate.created", rate)
    return rate


@route("GET", "/v1/tax_rates/{id}", params="TaxRateRetrieveParams")
def retrieve_tax_rate(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a tax rate."""
    return in_path(tx, "tax_rate", call.args["id"])


@route("POST", "/v1/tax_rates/{id}", params="TaxRateUpdateParams")
def update_tax_rate(tx: Transaction, call: Call) -> StripeDict:
    """Update a tax rate; its percentage may not change."""
    before = in_path(tx, "tax_rate", call.args["id"])
    rate = deepcopy(before)
    if call.params.get("display_name") == "":
        raise empty_parameter("display_name")
    _check(call.params)
    set_values(rate, call.params, ("active",))
    set_texts(rate, call.params, _TEXTS)
    if "metadata" in call.params:
        rate["metadata"] = merged(rate["metadata"], call.params["metadata"])
    tx.put(rate)
    emit_updated(tx, "tax_rate.updated", before, rate)
    return rate


@route("GET", "/v1/tax_rates", params="TaxRateListParams")
def list_tax_rates(tx: Transaction, call: Call) -> StripeDict:
    """List tax rates, newest first."""
    where: dict[str, Any] = {}
    set_values(where, call.params, ("active", "inclusive"))
    return list_answer(tx, call, "tax_rate", where)


def _check(params: dict[str, Any]) -> None:
    check_lengths(params, _LONGEST)
    country = params.get("country")
    if country and not _COUNTRY.fullmatch(country):
        raise invalid(f"Country '{country}' is unknown. Try using a 2-character code.", param="country")
