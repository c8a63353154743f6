"""Joins this room to what happens to households, and tells the ports what the floor itself knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask import Flask

from app.households.registry import listeners, names
from app.households.welfare import queries as welfare
from app.payments.payees import queries as payees

from . import choosing, holders, operations, ports


def install(app: Flask) -> None:
    """Hear of approvals and consents; know the welfare account; have a household chosen before one sells."""
    app.before_request(choosing.demand_choice)
    app.context_processor(choosing.shown)
    listeners.on_household_changed(operations.heard)
    ports.know_payees(_welfare_payees)
    names.add_source(holders.names)
    ports.add_section("welfare", _welfare)


def _welfare_payees(household_id: UUID) -> Iterable[UUID]:
    profile = welfare.profile(household_id)
    return [profile.payee_id] if profile else []


def _welfare(household_id: UUID) -> dict[str, Any] | None:
    profile, account = welfare.profile(household_id), welfare.open_account(household_id)
    if profile is None:
        return None
    told: dict[str, Any] = {"code": profile.code, "need": profile.need}
    if account is not None:
        bank = payees.masked(payees.get_account(account.bank_account_id))
        told |= {"status": account.status, "bank": bank.bank_name, "number": bank.number_masked}
    return told
