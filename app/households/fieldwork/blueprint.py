"""The blueprint that the pages of the team's work hang on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from app.core.database import current_actor
from app.core.errors import AppError
from app.households.areas import queries as areas
from app.identity.roles import Role

bp = Blueprint("fieldwork", __name__, template_folder="templates")
PAGE_SIZE = 20
TEAM = (Role.TEAM_MEMBER, Role.COMMUNE_OFFICER)


def sentences(error: AppError) -> dict[str, str]:
    """One sentence for each field; what belongs to no field stands on its own."""
    errors: dict[str, Any] = error.details.get("errors") or {"form": [error.message]}
    return {name: " ".join(words) for name, words in errors.items()}


def my_hamlets() -> list[tuple[str, str]]:
    """(code, name) of the hamlets the signed-in person reaches, by code."""
    return sorted(areas.hamlets_of(current_actor().areas).items())


def typed(name: str, longest: int = 500) -> str:
    """What a form says in one field."""
    return request.form.get(name, "")[:longest].strip()
