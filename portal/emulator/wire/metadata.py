"""The rules of `metadata`: 50 keys of 40 characters, values of 500, merged on update."""

from collections.abc import Mapping
from typing import Any

from portal.emulator.wire.errors import invalid


def merged(current: Mapping[str, str] | None, sent: Any) -> dict[str, str]:
    """Return the metadata after an update: keys are merged, "" deletes a key, "" for the whole clears it.

    Raises a 400 for too many keys, a key that is too long or has brackets, and a value that is too long.
    """
    if sent is None:
        return dict(current or {})
    if sent == "":
        return {}
    result = dict(current or {})
    for key, value in sent.items():
        if len(key) > 40:
            raise invalid(
                f"Metadata keys must be 40 characters or fewer; yours was {len(key)}.",
                param=f"metadata[{key}]",
            )
        if len(value) > 500:
            raise invalid(
                f"Metadata values must be 500 characters or fewer; yours was {len(value)}.",
                param=f"metadata[{key}]",
            )
        if value == "":
            result.pop(key, None)
        else:
            result[key] = value
    if len(result) > 50:
        raise invalid("Metadata can have at most 50 keys.", param="metadata")
    return result
