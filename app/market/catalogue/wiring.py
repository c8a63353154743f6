"""Joins shops to payouts (who hears that their account was changed) and to households (whose shop is held)."""

from __future__ import annotations

from flask import Flask

from app.households.registry import listeners
from app.payments.payees.models import PayeeKind
from app.payments.payouts import contacts

from . import holding
from .owners import Owners


def install(_app: Flask) -> None:
    """Name who tells the owners of shops, and have shops follow their households."""
    contacts.register(PayeeKind.SHOP, Owners())
    listeners.on_household_changed(holding.follow)
