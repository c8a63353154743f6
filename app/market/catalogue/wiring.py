"""Joins shops to payouts (who hears that their account was changed) and to households (whose shop is held)."""

from __future__ import annotations

from flask import Flask

from app.households.merging import obstacles
from app.households.own import ports
from app.households.reform.listeners import on_areas_moved
from app.households.registry import listeners
from app.payments.payees.models import PayeeKind
from app.payments.payouts import contacts

from . import erasing, holding, moving, paid_at
from .owners import Owners


def install(_app: Flask) -> None:
    """Name who tells the owners of shops, and have shops follow their households."""
    contacts.register(PayeeKind.SHOP, Owners())
    listeners.on_household_changed(holding.follow)
    listeners.on_household_changed(paid_at.follow)
    on_areas_moved(moving.follow)
    obstacles.add_source(holding.what_hangs_on)
    listeners.on_household_changed(erasing.forget)
    ports.know_payees(erasing.payees_of)
    ports.add_section("shop", erasing.section)
