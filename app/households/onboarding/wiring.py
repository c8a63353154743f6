"""Hangs the offline app's pages beside the room's own."""

from __future__ import annotations

from flask import Flask

from . import app_pages


def install(app: Flask) -> None:
    """Register the app's blueprint."""
    app.register_blueprint(app_pages.bp)
