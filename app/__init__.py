"""Chợ Phiên: one Flask application, a modular monolith over PostgreSQL."""

from __future__ import annotations

import importlib
import importlib.util

from flask import Flask, request
from flask_babel import gettext as _
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFProtect

from app import config as settings
from app.core import api, commands, crypto, database, errors, health, http, i18n, jobs, logs, media
from app.core.database import db

ROOMS = (
    "app.identity",
    "app.payments.ledger",
    "app.payments.payees",
    "app.payments.fees",
    "app.payments.requests",
    "app.payments.bank",
    "app.payments.statements",
    "app.payments.desk",
    "app.payments.cards",
    "app.payments.card_payouts",
    "app.payments.payouts",
    "app.payments.probes",
    "app.payments.refunds",
    "app.payments.overview",
    "app.payments.trail",
    "app.households.areas",
    "app.households.registry",
    "app.households.onboarding",
    "app.households.poverty",
    "app.households.welfare",
    "app.households.office",
    "app.households.merging",
    "app.households.own",
    "app.households.fieldwork",
    "app.households.reform",
    "app.market.catalogue",
    "app.market.catalogue.finding",
    "app.market.assisted",
    "app.market.orders",
    "app.market.places",
    "app.market.income",
    "app.giving.log",
    "app.giving.gifts",
    "app.web",
    "app.web.province",
    "app.web.people",
)

IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp")

migrate = Migrate(directory="migrations")
csrf = CSRFProtect()


def create_app(config: settings.Config | None = None) -> Flask:
    """Build the application: wiring and nothing else."""
    config = config or settings.load()
    logs.configure(config.log_level)
    app = Flask(__name__, template_folder="web/templates", static_folder="web/static")
    app.config.update(
        CHOPHIEN=config,
        SECRET_KEY=config.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url(config.database_url),
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(config.database_connections),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.is_production,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
    )
    crypto.configure(master_key=config.field_key, index_key=config.blind_index_key)
    db.init_app(app)
    database.install(app, db)
    migrate.init_app(app, db)
    http.install(app)
    i18n.install(app)
    csrf.init_app(app)
    api.install(app)
    errors.register(app)
    app.register_blueprint(health.bp)
    app.register_blueprint(commands.bp)
    app.register_blueprint(media.bp)
    app.before_request(_protect_forms)
    for room in ROOMS:
        _move_in(app, room)
    jobs.bind(app)
    return app


def _engine_options(connections: int) -> dict[str, object]:
    """Two thirds of a process's connections stay open."""
    kept = max(1, connections * 2 // 3)
    return {"pool_size": kept, "max_overflow": connections - kept, "hide_parameters": True}


def _protect_forms() -> None:
    """Forms carry a CSRF token. The API takes JSON only, which no foreign page can send with our cookie."""
    if not errors.is_machine_path():
        csrf.protect()
    elif request.path.startswith("/api/") and request.method in ("POST", "PUT", "PATCH", "DELETE"):
        if request.method == "PUT" and request.mimetype in IMAGE_TYPES:
            return  # a PUT from a foreign page asks first (CORS), and nobody answers
        if request.mimetype != "application/json" and request.content_length:
            raise errors.UnsupportedMedia(_("API chỉ nhận JSON (Content-Type: application/json)."))


def _move_in(app: Flask, room: str) -> None:
    """Import a room's furniture and register what it shows."""
    for part in ("models", "tasks", "commands", "api", "pages", "wiring"):
        name = f"{room}.{part}"
        try:
            if importlib.util.find_spec(name) is None:
                continue
        except ModuleNotFoundError:
            continue
        module = importlib.import_module(name)
        if part == "api":
            api.api.register_blueprint(module.blp)
        elif part in ("pages", "commands"):
            app.register_blueprint(module.bp)
        elif part == "wiring":
            module.install(app)
