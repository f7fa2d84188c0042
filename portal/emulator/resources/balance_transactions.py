"""Customer balance transactions: every change of a customer's credit, with its reason."""

from portal.emulator.billing.balance import change_balance
from portal.emulator.transaction import StripeDict, Transaction
from portal.emulator.wire.errors import invalid
from portal.emulator.wire.fields import set_texts, text
from portal.emulator.wire.lookup import in_path
from portal.emulator.wire.metadata import merged
from portal.emulator.wire.pages import list_answer
from portal.emulator.wire.routes import Call, route

TRANSACTION = "customer_balance_transaction"
_BASE = "/v1/customers/{customer}/balance_transactions"


@route("POST", _BASE, params="CustomerBalanceTransactionCreateParams")
def create_balance_transaction(tx: Transaction, call: Call) -> StripeDict:
    """Add to a customer's balance: a negative amount is credit, a positive one is owed."""
    customer, params = in_path(tx, "customer", call.args["customer"]), call.params
    currency = params["currency"]
    if customer["currency"] not in (None, currency):
        raise invalid(f"The customer's currency is {customer['currency']}.", param="currency")
    return change_balance(
        tx,
        customer["id"],
        params["amount"],
        "adjustment",
        currency=currency,
        description=text(params.get("description")),
        metadata=merged(None, params.get("metadata")),
    )


@route("GET", _BASE + "/{id}", params="CustomerBalanceTransactionRetrieveParams")
def retrieve_balance_transaction(tx: Transaction, call: Call) -> StripeDict:
    """Retrieve a balance transaction."""
    return _of_customer(tx, call)


@route("POST", _BASE + "/{id}", params="CustomerBalanceTransactionUpdateParams")
def update_balance_transaction(tx: Transaction, call: Call) -> StripeDict:
    """Describe or annotate a balance transaction."""
    found = _of_customer(tx, call)
    set_texts(found, call.params, ("description",))
    if "metadata" in call.params:
        found["metadata"] = merged(found["metadata"], call.params["metadata"])
    tx.put(found)
    return found


@route("GET", _BASE, params="CustomerBalanceTransactionListParams")
def list_balance_transactions(tx: Transaction, call: Call) -> StripeDict:
    """List the changes of a customer's balance, newest first."""
    customer = in_path(tx, "customer", call.args["customer"])
    return list_answer(tx, call, TRANSACTION, {"customer": customer["id"]})


def _of_customer(tx: Transaction, call: Call) -> StripeDict:
    customer = in_path(tx, "customer", call.args["customer"])
    found = in_path(tx, TRANSACTION, call.args["id"])
    if found["customer"] != customer["id"]:
        return in_path(tx, f"{TRANSACTION} of this customer", call.args["id"])
    return found
