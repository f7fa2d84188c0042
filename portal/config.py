"""Settings, parsed once from the environment and frozen. Loud: a missing, unknown or unsafe value stops the
program with one line that names the setting and never its value. Each setting may also come from a file whose
path stands in NAME_FILE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

from portal.kit.secret import Secret

STRIPE_PAGES = ("https://checkout.stripe.com", "https://billing.stripe.com")
_KNOWN = [
    "SECRET_KEY",
    "DATABASE_URL",
    "PUBLIC_URL",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "STRIPE_API_BASE",
    "STRIPE_PAGE_ORIGINS",
    "MAIL_URL",
    "MAIL_FROM",
    "TRUSTED_PROXIES",
    "DB_POOLER",
    "CATALOG",
    "PRODUCT_NAME",
    "PORT",
]


class ConfigError(Exception):
    """A setting is missing, unknown or unsafe; the message is one line for the person who starts the program."""


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting of the portal. Secrets are `Secret`: they never show in logs or error pages.

    `trusted_proxies` is how many reverse proxies stand in front (0: none, X-Forwarded-* is ignored).
    `stripe_api_base` None means Stripe itself. `mail_url` is `mailbox:` or `smtp://user:password@host:port`.
    """

    secret_key: Secret
    database_url: str
    public_url: str
    stripe_secret_key: Secret
    stripe_webhook_secrets: tuple[Secret, ...]
    stripe_api_base: str | None
    stripe_page_origins: tuple[str, ...]
    mail_url: Secret
    mail_from: str
    trusted_proxies: int
    db_pooler: str | None
    catalog: Path
    product_name: str
    port: int

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def is_live(self) -> bool:
        """Whether the key is of Stripe's live mode, where money is real."""
        return self.stripe_secret_key.reveal().startswith(("sk_live_", "rk_live_"))

    @property
    def uses_mailbox(self) -> bool:
        return self.mail_url.reveal() == "mailbox:"

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Config:
        """Read the settings. Raises ConfigError with one line naming the setting that is wrong."""
        values = _with_files(env)
        public_url = values.get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
        parts = urlsplit(public_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
            raise ConfigError("PUBLIC_URL must be like https://billing.example.com, without a path")
        https = parts.scheme == "https"
        if not https and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ConfigError("PUBLIC_URL must be https unless it is this machine")
        return cls(
            secret_key=_secret_key(values),
            database_url=_database_url(values.get("DATABASE_URL", "sqlite:///var/portal.db")),
            public_url=public_url,
            stripe_secret_key=_stripe_key(values),
            stripe_webhook_secrets=_webhook_secrets(values),
            stripe_api_base=_api_base(values),
            stripe_page_origins=_origins(values),
            mail_url=_mail_url(values, https=https),
            mail_from=values.get("MAIL_FROM", "Billing <billing@example.com>"),
            trusted_proxies=_whole(values, "TRUSTED_PROXIES", 0, 5),
            db_pooler=_one_of(values, "DB_POOLER", ("transaction",)),
            catalog=Path(values.get("CATALOG", "catalog.toml")),
            product_name=values.get("PRODUCT_NAME", "Northwind"),
            port=_whole(values, "PORT", 8000, 65535),
        )


def setting_names() -> list[str]:
    """Return every setting the portal reads, for the documentation test."""
    assert len(_KNOWN) == len(fields(Config))
    return list(_KNOWN)


def _with_files(env: Mapping[str, str]) -> dict[str, str]:
    values = {name: env[name].strip() for name in _KNOWN if env.get(name, "").strip()}
    for name in _KNOWN:
        path = env.get(f"{name}_FILE")
        if not path:
            continue
        if name in values:
            raise ConfigError(f"{name} and {name}_FILE are both set; keep one")
        try:
            values[name] = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(f"{name}_FILE cannot be read: {error.strerror}") from error
    return values


def _required(values: Mapping[str, str], name: str, hint: str) -> str:
    if name not in values:
        raise ConfigError(f"{name} is missing: {hint}")
    return values[name]


def _secret_key(values: Mapping[str, str]) -> Secret:
    key = _required(values, "SECRET_KEY", "at least 32 random characters that stay the same over restarts")
    if len(key) < 32 or len(set(key)) < 10:
        raise ConfigError("SECRET_KEY is too short or too simple: use at least 32 random characters")
    return Secret(key)


def _database_url(url: str) -> str:
    if url.startswith("postgres://"):
        url = "postgresql://" + url.removeprefix("postgres://")
    if url.startswith("postgresql://"):
        url = "postgresql+psycopg://" + url.removeprefix("postgresql://")
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ConfigError("DATABASE_URL must start with sqlite:/// or postgresql://")
    file = url.removeprefix("sqlite:///")
    if url == f"sqlite:///{file}" and file != ":memory:":
        # As every tool understands it: from the folder a command is started in, and the same for each of them.
        return f"sqlite:///{Path(file).absolute()}"
    return url


def _stripe_key(values: Mapping[str, str]) -> Secret:
    key = _required(values, "STRIPE_SECRET_KEY", "a secret or restricted key of your Stripe account")
    if not key.startswith(("sk_test_", "rk_test_", "sk_live_", "rk_live_")):
        raise ConfigError("STRIPE_SECRET_KEY must start with sk_test_, rk_test_, sk_live_ or rk_live_")
    if "_live_" in key[:9] and "STRIPE_API_BASE" in values:
        raise ConfigError("STRIPE_SECRET_KEY is a live key, but STRIPE_API_BASE points away from Stripe")
    return Secret(key)


def _webhook_secrets(values: Mapping[str, str]) -> tuple[Secret, ...]:
    raw = _required(values, "STRIPE_WEBHOOK_SECRET", "the signing secret of the webhook endpoint (whsec_...)")
    secrets = [part.strip() for part in raw.split(",")]
    if any(not part.startswith("whsec_") or len(part) < 14 for part in secrets):
        raise ConfigError("STRIPE_WEBHOOK_SECRET must be one whsec_... or several with commas between")
    return tuple(Secret(part) for part in secrets)


def _api_base(values: Mapping[str, str]) -> str | None:
    base = values.get("STRIPE_API_BASE")
    if base is not None and (not base.startswith(("http://", "https://")) or base.endswith("/")):
        raise ConfigError("STRIPE_API_BASE must be like http://127.0.0.1:12111, without a slash at the end")
    return base


def _origins(values: Mapping[str, str]) -> tuple[str, ...]:
    origins = (
        tuple(values["STRIPE_PAGE_ORIGINS"].split()) if "STRIPE_PAGE_ORIGINS" in values else STRIPE_PAGES
    )
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or ";" in origin:
            raise ConfigError(
                "STRIPE_PAGE_ORIGINS must be origins like https://checkout.stripe.com, with spaces"
            )
    return origins


def _mail_url(values: Mapping[str, str], *, https: bool) -> Secret:
    url = values.get("MAIL_URL", "" if https else "mailbox:")
    if url == "mailbox:" and https:
        raise ConfigError("MAIL_URL=mailbox: shows every mail to everyone; with https use smtp://...")
    if url != "mailbox:" and not url.startswith(("smtp://", "smtps://")):
        raise ConfigError("MAIL_URL must be smtp://user:password@host:port, smtps://... or mailbox:")
    return Secret(url)


def _whole(values: Mapping[str, str], name: str, default: int, most: int) -> int:
    raw = values.get(name, str(default))
    if not raw.isascii() or not raw.isdigit() or int(raw) > most:
        raise ConfigError(f"{name} must be a whole number from 0 to {most}")
    return int(raw)


def _one_of(values: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str | None:
    raw = values.get(name)
    if raw is not None and raw not in allowed:
        raise ConfigError(f"{name} must be one of: {', '.join(allowed)}")
    return raw
