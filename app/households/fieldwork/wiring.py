"""What this room tells the office of households: second visits that found something else, odd records."""

from __future__ import annotations

from flask import Flask

from app.households.registry import flags

from . import flagging


def install(_app: Flask) -> None:
    """Have the office ask this room for flags."""
    flags.add_source(flagging.of_many)
