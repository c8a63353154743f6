"""Probes: /healthz (the process lives), /readyz (it can work), /metrics (numbers)."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from app.core.database import db
from app.core.routes import open_to_all
from app.core.version import RELEASE

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@open_to_all
def alive() -> Response:
    """The process answers."""
    return jsonify(status="ok", release=RELEASE)


@bp.get("/readyz")
@open_to_all
def ready() -> tuple[Response, int]:
    """The database answers and holds the schema."""
    try:
        revision = db.session.scalar(sa.text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        return jsonify(status="database unreachable"), 503
    return jsonify(status="ok", schema=revision), 200


@bp.get("/metrics")
@open_to_all
def metrics() -> Response:
    """Prometheus text."""
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)
