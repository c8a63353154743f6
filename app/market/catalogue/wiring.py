"""Joins shops to payouts: who hears that the account their money goes to was changed."""

from __future__ import annotations

from flask import Flask

from app.payments.payees.models import PayeeKind
from app.payments.payouts import contacts

from .owners import Owners


def install(_app: Flask) -> None:
    """Name who tells the owners of shops."""
    contacts.register(PayeeKind.SHOP, Owners())
