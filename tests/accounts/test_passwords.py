"""What is kept of a password, and which ones are refused."""

from __future__ import annotations

import pytest

from portal.accounts import passwords
from portal.accounts.passwords import WeakPassword, hash_password, needs_rehash, refuse_weak, verify
from tests.fixtures.people import PASSWORD, hash_of_password


def test_the_right_password_verifies_and_another_does_not() -> None:
    assert verify(hash_of_password(), PASSWORD)
    assert not verify(hash_of_password(), PASSWORD + "x")


def test_nobody_has_any_password() -> None:
    assert not verify(None, PASSWORD)
    assert not verify("!", PASSWORD)


def test_an_unknown_person_costs_as_much_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    verify(None, PASSWORD)
    # How long it takes cannot be asserted on a busy machine; that the work is done can.
    counting = type("Counting", (), {"verify": lambda _self, stored, _typed: checked.append(stored)})
    monkeypatch.setattr(passwords, "_hasher", counting())
    verify(None, PASSWORD)
    assert checked[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_two_hashes_of_one_password_differ() -> None:
    assert hash_password(PASSWORD) != hash_of_password()


def test_todays_hashes_need_no_renewal() -> None:
    assert not needs_rehash(hash_of_password())


@pytest.mark.parametrize(
    "password", ["1111111111", "ababababab", "olivia owner", "Owner@Northwind.example.com1"]
)
def test_a_password_that_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        refuse_weak(password, "owner@northwind.example.com", "Olivia Owner")


@pytest.mark.parametrize("password", [PASSWORD, "olivia likes green tea", "päßwörter sind lang"])
def test_a_password_of_several_words_is_fine(password: str) -> None:
    assert verify(hash_password(password), password)
    refuse_weak(password, "owner@northwind.example.com", "Olivia Owner")
