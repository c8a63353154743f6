"""Back-checks: one registration in twenty, drawn at random, is repeated by another member who does not see the first
answers. Steps need an open transaction; the draw and the comparison run as the system, which alone sees both sides.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import insert

from app.core import audit
from app.core.actor import Actor
from app.core.clock import VIETNAM, Clock
from app.core.crypto import DataKey, KeyDestroyed, seal
from app.core.database import require_transaction
from app.core.phones import normalise_phone
from app.core.texts import tidy
from app.households.registry import citizen
from app.households.registry import operations as registry_operations
from app.households.registry import people as registry_people
from app.households.registry import queries as registry
from app.households.registry.models import Household, Status
from app.households.registry.people import Field

from . import checks, teams
from .errors import BadEntry, DecidedAlready, NotAMember, NotOneself
from .models import BackCheck, BackCheckDraw, CheckStatus, Difference

SHARE_BP = 500
ANSWERS = checks.ANSWERS
MAX_REASON = 500


@dataclass(frozen=True)
class Answers:
    """What the second visit found. `phone` is the number the household gave, if it has one."""

    name: str
    birth_year: int | None
    phone: str
    reachable: bool
    visited: bool


def draw(day: date, *, clock: Clock, seed: bytes | None = None) -> int:
    """Draw among the registrations of a day in Vietnam that is over, once; how many were drawn.

    The seed is made only now, so that nobody could know before which households would be drawn; it is kept, so that
    anybody who has the list can draw again (`drawn`).
    """
    session = require_transaction()
    if session.get(BackCheckDraw, day) is not None:
        return 0
    begin = datetime.combine(day, time(), VIETNAM)
    found = session.scalars(
        sa.select(Household).where(
            Household.created_at >= begin,
            Household.created_at < begin + timedelta(days=1),
            Household.status != Status.MERGED,
        )
    )
    homes = {household.id: household for household in found}
    seed = seed or os.urandom(32)
    chosen = drawn(homes, seed)
    row = {"day": day, "seed": seed, "registrations": len(homes), "drawn": len(chosen), "created_at": clock.now()}
    made = session.scalar(insert(BackCheckDraw).values(row).on_conflict_do_nothing().returning(BackCheckDraw.day))
    if made is None:
        return 0
    for id in chosen:
        session.execute(
            insert(BackCheck)
            .values(
                id=_id_of(seed, id),
                household_id=id,
                commune_code=homes[id].commune_code,
                day=day,
                registrar_id=homes[id].registered_by,
                status=CheckStatus.OPEN,
                differences=[],
                created_at=clock.now(),
            )
            .on_conflict_do_nothing(index_elements=["household_id"])
        )
    return len(chosen)


def drawn(ids: Mapping[UUID, object] | Sequence[UUID], seed: bytes) -> list[UUID]:
    """One in twenty (rounded up) of these, in an order that the seed alone decides."""
    wanted = -(-len(ids) * SHARE_BP // 10_000)
    return sorted(ids, key=lambda id: _rank(seed, id))[:wanted]


def hand_out(*, clock: Clock) -> int:
    """Give each open check without a checker in the team to the member with the fewest; how many were given."""
    waiting = checks.open_ones(for_update=True)
    given = 0
    for commune in sorted({one.commune_code for one in waiting}):
        team = teams.member_ids(commune, clock=clock)
        load: Counter[UUID | None] = Counter(one.checker_id for one in waiting if one.checker_id in team)
        for check in waiting:
            if check.commune_code == commune and check.checker_id not in team:
                check.checker_id = _least_busy(check, team, load)
                given += check.checker_id is not None
    return given


def hand_over(actor: Actor, check_id: UUID, *, user_id: UUID, clock: Clock) -> None:
    """Give an open check to another member.

    Raises:
        NoSuchEntry: none of the actor's commune.
        NotAMember: the person isn't in the team.
        NotOneself: the person registered the household.
        DecidedAlready: it was answered.
    """
    check = _overseen(actor, check_id)
    if check.status != CheckStatus.OPEN:
        raise DecidedAlready
    if user_id not in teams.member_ids(check.commune_code, clock=clock):
        raise NotAMember
    if user_id == check.registrar_id:
        raise NotOneself
    check.checker_id = user_id
    audit.record(
        "back_check_handed_over", actor=actor, subject_kind="back_check", subject_id=check_id, clock=clock,
        to=str(user_id),
    )  # fmt: skip


def answer(actor: Actor, check_id: UUID, answers: Answers, *, clock: Clock) -> BackCheck:
    """Take the second answers and compare them with the first; the same answers again are harmless.

    Raises:
        NoSuchEntry: no check of theirs.
        BadEntry: something in it can't be.
        DecidedAlready: it was answered otherwise.
    """
    session = require_transaction()
    check = checks.assigned(actor, check_id, for_update=True)
    phone = _checked(answers, clock)
    household = registry.get(check.household_id)
    told = json.dumps(asdict(answers), sort_keys=True)
    if check.status != CheckStatus.OPEN:
        if checks.opened_answers(check, household) == told:
            return check
        raise DecidedAlready
    differences = [str(one) for one in compare(household, answers, phone=phone, clock=clock)]
    check.answers_enc = seal(session.get_one(DataKey, household.data_key_id), ANSWERS, told)
    check.differences = differences
    check.status = CheckStatus.DIFFERS if check.differences else CheckStatus.SAME
    check.answered_at = clock.now()
    audit.record(
        "back_check_answered", actor=actor, subject_kind="back_check", subject_id=check_id, clock=clock,
        differences=len(check.differences),
    )  # fmt: skip
    return check


def compare(household: Household, answers: Answers, *, phone: str | None, clock: Clock) -> list[Difference]:
    """What the second visit found otherwise; accents and spaces make no difference."""
    found = []
    if registry_people.name_index(answers.name) != household.name_index:
        found.append(Difference.NAME)
    if answers.birth_year != birth_year(household, clock):
        found.append(Difference.BIRTH_YEAR)
    if (registry_people.phone_index(phone) if phone else None) != household.phone_index:
        found.append(Difference.PHONE)
    if household.phone_index and not answers.reachable:
        found.append(Difference.UNREACHABLE)
    if not answers.visited:
        found.append(Difference.NOT_VISITED)
    return found


def decide(actor: Actor, check_id: UUID, *, sound: bool, reason: str, clock: Clock) -> BackCheck:
    """Say what to make of the differences.

    Raises:
        NoSuchEntry: none of the actor's commune.
        NotOneself: the actor registered or checked the household.
        DecidedAlready: there is nothing to decide.
        BadEntry: without a reason.
    """
    check = _overseen(actor, check_id)
    if actor.user_id in (check.registrar_id, check.checker_id):
        raise NotOneself
    if check.status != CheckStatus.DIFFERS:
        raise DecidedAlready
    check.reason = reason_of(reason)
    check.status = CheckStatus.SOUND if sound else CheckStatus.WRONG
    check.decided_by, check.decided_at = registry_operations.who(actor), clock.now()
    audit.record(
        "back_check_decided", actor=actor, subject_kind="back_check", subject_id=check_id, clock=clock, sound=sound
    )
    return check


def reason_of(text: str) -> str:
    """A reason, tidy.

    Raises:
        BadEntry: none, or too long.
    """
    reason = tidy(text)
    if not 1 <= len(reason) <= MAX_REASON:
        raise BadEntry({"reason": [_("Ghi lý do ngắn gọn, để sau này còn nhớ.")]})
    return reason


def birth_year(household: Household, clock: Clock) -> int | None:
    """The year of birth that the citizen number tells, None when it can't be read."""
    try:
        number = registry_people.open_field(household, Field.CITIZEN_ID) or ""
        return citizen.parse(number, this_year=clock.now().year).birth_year
    except (citizen.BadCitizenId, KeyDestroyed):
        return None


def _overseen(actor: Actor, check_id: UUID) -> BackCheck:
    check = checks.in_reach(check_id, for_update=True)
    teams.demand_oversight(actor, check.commune_code)
    return check


def _checked(answers: Answers, clock: Clock) -> str | None:
    """The phone in E.164, or None for a household without one."""
    errors: dict[str, list[str]] = {}
    phone = None
    if not tidy(answers.name):
        errors["name"] = [_("Ghi họ tên chủ hộ như trên căn cước.")]
    if answers.birth_year is None or not 1900 <= answers.birth_year <= clock.now().year:
        errors["birth_year"] = [_("Ghi năm sinh gồm bốn chữ số.")]
    if answers.phone.strip():
        try:
            phone = normalise_phone(answers.phone)
        except ValueError:
            errors["phone"] = [_("Số điện thoại chưa đúng.")]
    if errors:
        raise BadEntry(errors)
    return phone


def _least_busy(check: BackCheck, team: Mapping[UUID, set[str]], load: Counter[UUID | None]) -> UUID | None:
    """Whoever has the fewest, chance deciding among equals; those who work everywhere (leaders) come last."""
    others = [id for id in team if id != check.registrar_id]
    if not others:
        return None
    chosen = min(others, key=lambda id: (check.commune_code in team[id], load[id], _rank(check.id.bytes, id)))
    load[chosen] += 1
    return chosen


def _rank(seed: bytes, id: UUID) -> bytes:
    return hashlib.sha256(seed + id.bytes).digest()


def _id_of(seed: bytes, id: UUID) -> UUID:
    return UUID(bytes=_rank(seed, id)[:16])
