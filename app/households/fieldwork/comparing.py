"""Both answers of a back-check beside each other, for the one who decides. Needs an open transaction.

Only what differs is shown in the clear, and a phone number never is; looking at a name is written down.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from flask_babel import gettext as _

from app.core import audit
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.crypto import KeyDestroyed
from app.core.masking import mask_name, mask_phone
from app.core.phones import national
from app.households.registry import people as registry_people
from app.households.registry import queries as registry
from app.households.registry.people import Field

from . import backchecks, checks, teams
from .backchecks import Answers
from .errors import NotOneself
from .models import BackCheck, Difference


@dataclass(frozen=True)
class Line:
    """One question: what the first visit wrote, what the second heard."""

    question: str
    first: str
    second: str
    differs: bool


def both_sides(actor: Actor, check_id: UUID, *, clock: Clock) -> tuple[BackCheck, list[Line]]:
    """A check with its answers line by line; no lines as long as nobody answered, or when the household was erased.

    Raises:
        NoSuchEntry: none the actor may see.
        NotTheLeader: not an officer of its commune, nor its leader.
        NotOneself: the actor registered the household.
    """
    check = checks.in_reach(check_id)
    teams.demand_oversight(actor, check.commune_code)
    if actor.user_id == check.registrar_id:
        raise NotOneself
    household = registry.get(check.household_id)
    try:
        told = checks.opened_answers(check, household)
        if told is None:
            return check, []
        first = (
            registry_people.open_field(household, Field.HEAD_NAME) or "",
            backchecks.birth_year(household, clock),
            registry_people.open_field(household, Field.PHONE) or "",
        )
    except KeyDestroyed:
        return check, []
    if Difference.NAME in check.differences:
        audit.record(
            "household_unmasked", actor=actor, subject_kind="household", subject_id=household.id, clock=clock,
            field=str(Field.HEAD_NAME), reason="back_check",
        )  # fmt: skip
    return check, _lines(check, first, Answers(**json.loads(told)))


def _lines(check: BackCheck, first: tuple[str, int | None, str], second: Answers) -> list[Line]:
    name, birth_year, phone = first
    clear: Callable[[str], str] = str if Difference.NAME in check.differences else mask_name
    unreachable = Difference.UNREACHABLE in check.differences
    return [
        Line(_("Họ tên chủ hộ"), clear(name), clear(second.name), Difference.NAME in check.differences),
        Line(
            _("Năm sinh của chủ hộ"), str(birth_year or _("không rõ")), str(second.birth_year or ""),
            Difference.BIRTH_YEAR in check.differences,
        ),
        Line(
            _("Số điện thoại"), _phone(national(phone) if phone else ""), _phone(second.phone),
            Difference.PHONE in check.differences,
        ),
        Line(
            _("Gọi số đó"), _("có số") if phone else _("không có số"),
            _("gọi được") if second.reachable else _("không gọi được"), unreachable,
        ),
        Line(
            _("Người của tổ đến nhà"), _("đã đến"), _("đã đến") if second.visited else _("chưa ai đến"),
            Difference.NOT_VISITED in check.differences,
        ),
    ]  # fmt: skip


def _phone(text: str) -> str:
    digits = "".join(filter(str.isdigit, text))
    return mask_phone(digits) if digits else _("không có")
