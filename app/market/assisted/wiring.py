"""Joins listings to households (what waits is called off with a consent) and to the seller's own page."""

from __future__ import annotations

from flask import Flask

from app.households.own import ports as own
from app.households.registry import listeners
from app.market.catalogue import ports as catalogue

from . import following


def install(_app: Flask) -> None:
    """Have listings follow their households, and show sellers what waits for their word."""
    listeners.on_household_changed(following.follow)
    own.add_section("assisted", following.section)
    catalogue.show_waiting(following.waiting)
