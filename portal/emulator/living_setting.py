"""Whether new customers get a living clock: a setting of the whole account."""

from portal.emulator.transaction import Transaction

_SETTING = "living_clocks"


def set_living(tx: Transaction, *, on: bool) -> None:
    """Choose whether new customers get a living clock."""
    tx.set_setting(_SETTING, "on" if on else "off")


def clocks_live(tx: Transaction) -> bool:
    """Say whether new customers get a living clock."""
    return tx.setting(_SETTING) == "on"
