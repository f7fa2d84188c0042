"""The application factory: wiring only."""

from __future__ import annotations

import os

import stripe
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import jobs_index, models
from portal.accounts import sessions
from portal.accounts.views import blueprint as accounts
from portal.api.views import blueprint as api
from portal.api_keys.views import blueprint as api_keys
from portal.audit.views import blueprint as audit
from portal.config import Config
from portal.customers.views import blueprint as customers
from portal.extensions import csrf, db, login_manager
from portal.gateway.client import WEB, Gateway, Patience, start_deadline
from portal.gateway.health import HealthRecorder
from portal.invoices.views import blueprint as invoices
from portal.kit.db import configure_engine, engine_options
from portal.kit.shipped import SHIPPED
from portal.mail.views import blueprint as mailbox
from portal.operator.views import blueprint as operator
from portal.plans.read_catalog import load_catalog
from portal.plans.views import blueprint as plans
from portal.seats.views import blueprint as seats
from portal.subscriptions.views import blueprint as subscriptions
from portal.tenants.views import blueprint as team
from portal.usage.views import blueprint as usage
from portal.web import assets, context, errors, filters, headers, logs, probes
from portal.web.cookies import BrowserSessions
from portal.web.unit_of_work import Portal
from portal.webhooks import store
from portal.webhooks.views import blueprint as webhooks

PAGES = (accounts, team, api_keys, customers, plans, subscriptions, seats, usage, invoices, audit, operator)
BEARER = (webhooks, api)


def create_app(
    config: Config | None = None,
    *,
    stripe_http_client: stripe.HTTPClient | None = None,
    patience: Patience = WEB,
) -> Portal:
    """Build the portal. `stripe_http_client` replaces the network in tests; `patience` is longer for workers.

    Raises ConfigError when a setting is missing or unsafe, CatalogError when the catalogue is wrong.
    """
    config = config or Config.from_env(os.environ)
    assert models.Model.metadata.tables
    assert jobs_index.MODULES
    app = Portal("portal", root_path=str(SHIPPED), template_folder="templates", static_folder="static")
    app.config.from_mapping(
        PORTAL=config,
        SECRET_KEY=config.secret_key.reveal(),
        SQLALCHEMY_DATABASE_URI=config.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(config.database_url, pooler=config.db_pooler),
        SESSION_COOKIE_NAME="__Host-portal" if config.is_https else "portal",
        SESSION_COOKIE_SECURE=config.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=2_000_000,
        MAX_FORM_MEMORY_SIZE=500_000,
        WTF_CSRF_TIME_LIMIT=None,
    )
    if config.trusted_proxies:
        count = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]
    app.session_interface = BrowserSessions()
    db.init_app(app)
    csrf.init_app(app)
    login_manager.init_app(app)
    sessions.install(app, login_manager)
    app.extensions["catalog"] = load_catalog(config.catalog)
    with app.app_context():
        configure_engine(db.engine)
        _install_gateway(app, config, patience, stripe_http_client)
        store.install(app)
    for installer in (logs, errors, filters, context, probes, assets):
        installer.install(app)
    headers.install(app, config)
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
    for blueprint in BEARER:
        csrf.exempt(blueprint)
        app.register_blueprint(blueprint)
    if config.uses_mailbox:
        app.register_blueprint(mailbox)
    return app


def _install_gateway(
    app: Portal, config: Config, patience: Patience, http_client: stripe.HTTPClient | None
) -> None:
    def outside_transactions() -> None:
        if db.session().in_transaction():
            raise RuntimeError("a Stripe call inside a database transaction would hold its locks")

    app.extensions["gateway"] = Gateway(
        api_key=config.stripe_secret_key,
        api_base=config.stripe_api_base,
        patience=patience,
        http_client=http_client,
        guard=outside_transactions,
        on_outcome=HealthRecorder(db.engine).note,
    )
    if patience.total is not None:

        @app.before_request
        def _start_deadline() -> None:
            start_deadline(patience.total)
