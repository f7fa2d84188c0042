"""A setting that is wrong or unsafe stops the start with one line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.config import Config, ConfigError
from tests.fixtures.app import ENVIRONMENT


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 40),
        ("PUBLIC_URL", "http://billing.example.com"),
        ("PUBLIC_URL", "https://billing.example.com/billing"),
        ("DATABASE_URL", "mysql://localhost/portal"),
        ("STRIPE_SECRET_KEY", "pk_test_portal"),
        ("STRIPE_SECRET_KEY", "sk_live_portal"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_"),
        ("STRIPE_API_BASE", "http://127.0.0.1:12111/"),
        ("TRUSTED_PROXIES", "many"),
        ("PORT", "70000"),
        ("DB_POOLER", "sessions"),
    ],
)
def test_a_wrong_setting_is_named(setting: str, value: str) -> None:
    with pytest.raises(ConfigError, match=setting):
        Config.from_env({**ENVIRONMENT, setting: value})


@pytest.mark.parametrize("setting", ["SECRET_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"])
def test_a_missing_secret_is_named(setting: str) -> None:
    with pytest.raises(ConfigError, match=f"{setting} is missing"):
        Config.from_env({name: value for name, value in ENVIRONMENT.items() if name != setting})


def test_a_secret_may_stand_in_a_file_but_not_in_two_places(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("another key of 32 characters, at least\n")
    from_file = {name: value for name, value in ENVIRONMENT.items() if name != "SECRET_KEY"}
    from_file["SECRET_KEY_FILE"] = str(file)
    assert Config.from_env(from_file).secret_key.reveal() == "another key of 32 characters, at least"
    with pytest.raises(ConfigError, match="SECRET_KEY_FILE"):
        Config.from_env({**ENVIRONMENT, "SECRET_KEY_FILE": str(file)})


def test_a_database_file_is_found_from_the_folder_the_command_is_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Config.from_env(ENVIRONMENT).database_url == f"sqlite:///{tmp_path}/var/portal.db"
