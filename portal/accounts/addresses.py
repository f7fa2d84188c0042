"""E-mail addresses in the one form in which we store and compare them."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email


def normalise_email(typed: str) -> str:
    """Return the address in lower case with its domain in ASCII. Raises ValueError with words for the form.

    Lower case also before the @: no provider of note tells the two apart, and people do not either.
    """
    try:
        found = validate_email(typed.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise ValueError("Please enter a complete e-mail address, such as name@example.com.") from error
    address = (found.ascii_email or found.normalized).lower()
    if len(address) > 254:
        raise ValueError("This e-mail address is too long.")
    return address
