"""`flask --app wsgi areas load`."""

from __future__ import annotations

import click
from flask import Blueprint

from app.core.actor import SYSTEM
from app.core.database import acting_as

from . import services

bp = Blueprint("areas", __name__, cli_group="areas")


@bp.cli.command("load")
def load() -> None:
    """Load provinces, communes and old-to-new codes; doing it again changes nothing."""
    with acting_as(SYSTEM):
        areas, changes = services.load_reference()
    click.echo(f"{areas} areas, {changes} changes")
