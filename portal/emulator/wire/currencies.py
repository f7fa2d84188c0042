"""The currencies Stripe charges in, whichever parameter names one."""

from typing import Any, Final

from portal.emulator.wire.errors import invalid

_PARAMETERS: Final = ("currency", "minimum_amount_currency")
_BY_CURRENCY: Final = "currency_options"
SUPPORTED: Final = (
    "usd", "aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd", "bdt", "bgn", "bhd",
    "bif", "bmd", "bnd", "bob", "brl", "bsd", "bwp", "byn", "bzd", "cad", "cdf", "chf", "clp", "cny", "cop", "crc",
    "cve", "czk", "djf", "dkk", "dop", "dzd", "egp", "etb", "eur", "fjd", "fkp", "gbp", "gel", "gip", "gmd", "gnf",
    "gtq", "gyd", "hkd", "hnl", "hrk", "htg", "huf", "idr", "ils", "inr", "isk", "jmd", "jod", "jpy", "kes", "kgs",
    "khr", "kmf", "krw", "kwd", "kyd", "kzt", "lak", "lbp", "lkr", "lrd", "lsl", "mad", "mdl", "mga", "mkd", "mmk",
    "mnt", "mop", "mur", "mvr", "mwk", "mxn", "myr", "mzn", "nad", "ngn", "nio", "nok", "npr", "nzd", "omr", "pab",
    "pen", "pgk", "php", "pkr", "pln", "pyg", "qar", "ron", "rsd", "rub", "rwf", "sar", "sbd", "scr", "sek", "sgd",
    "shp", "sle", "sos", "srd", "std", "szl", "thb", "tjs", "tnd", "top", "try", "ttd", "twd", "tzs", "uah", "ugx",
    "uyu", "uzs", "vnd", "vuv", "wst", "xaf", "xcd", "xof", "xpf", "yer", "zar", "zmw",
    "btn", "ghs", "svc", "xcg",
)  # fmt: skip


def spelled(name: str, value: Any, path: str) -> Any:
    """Return a parameter's value with the currencies it names in lower case; any other parameter's as it is.

    Raises a 400 for a currency Stripe does not charge in.
    """
    if name in _PARAMETERS and isinstance(value, str):
        return _currency(value, path)
    if name == _BY_CURRENCY and isinstance(value, dict):
        return {_currency(currency, f"{path}[{currency}]"): option for currency, option in value.items()}
    return value


def _currency(sent: str, path: str) -> str:
    if sent.lower() not in SUPPORTED:
        raise invalid(
            f"Invalid currency: {sent.lower()}. Stripe currently supports these currencies: {', '.join(SUPPORTED)}",
            param=path,
        )
    return sent.lower()
