"""Tells the room which key the log signs with."""

from __future__ import annotations

from flask import Flask

from app.config import Config

from . import keys


def install(app: Flask) -> None:
    """Take the log's name and key from the settings (`LOG_ORIGIN`, `LOG_SIGNING_KEY`)."""
    config: Config = app.config["CHOPHIEN"]
    keys.configure(origin=config.log_origin, seed=config.log_signing_key)
