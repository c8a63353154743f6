"""The blueprint of the office's pages, and what they share."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for

from app.core.errors import AppError
from app.identity.roles import Role

from .queries import Wanted

bp = Blueprint("office", __name__, template_folder="templates")
PAGE_SIZE = 20
OFFICE = (Role.COMMUNE_OFFICER, Role.PROVINCE_OPERATOR)


def wanted() -> Wanted:
    """The filter in the address; what makes no sense is left out."""
    days = request.args.get("ngay", "")
    return Wanted(
        hamlet_code=request.args.get("xom") or None,
        registered_by=_uuid(request.args.get("nguoi", "")),
        days=int(days) if days.isdigit() and len(days) < 4 else None,
    )


def in_address(chosen: Wanted) -> dict[str, Any]:
    """The same filter for an address."""
    return {"xom": chosen.hamlet_code, "nguoi": chosen.registered_by, "ngay": chosen.days}


def queue_url(chosen: Wanted, cursor: str | None = None) -> str:
    """The queue under this filter."""
    return url_for("office.queue", trang=cursor, **in_address(chosen))


def sentences(error: AppError, *, own_field: str = "form") -> dict[str, str]:
    """What is wrong, by field; what belongs to none stands under `own_field`."""
    details: dict[str, Any] = error.details.get("errors") or {own_field: [error.message]}
    return {name: " ".join(words) for name, words in details.items()}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
