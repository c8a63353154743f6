"""One of everything the community team makes, for a household."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy.dialects.postgresql import insert

from app.core.actor import SYSTEM
from app.core.clock import Clock
from app.core.database import acting_as, transaction
from app.households.fieldwork import services, signs
from app.households.fieldwork.models import BackCheck, BackCheckDraw, CheckStatus, Done, FieldSign, SignKind
from app.households.fieldwork.visits import NewLesson, NewVisit
from app.households.onboarding.trail import Step
from app.households.registry.models import Household
from app.households.registry.queries import today
from tests.factories.households import a_team_member


@dataclass(frozen=True)
class Fieldwork:
    """Ids of a visit, a class, a back-check and a sign of one commune."""

    visit: UUID
    lesson: UUID
    check: UUID
    sign: UUID


def some_fieldwork(household: Household, *, clock: Clock) -> Fieldwork:
    """A visit to the household, a class it came to, a check of its registration and a sign about that."""
    member = a_team_member(household.hamlet_code)
    with acting_as(member):
        visit = services.record_visit(
            actor=member, new=NewVisit(uuid4(), household.code, frozenset({Done.LESSON}), "Hẹn lại"), clock=clock
        )
        lesson = NewLesson(
            uuid4(), household.hamlet_code, "Nhà văn hóa", "Chụp ảnh hàng", clock.now(), codes=(household.code,)
        )
        services.hold_lesson(actor=member, new=lesson, clock=clock)
    return Fieldwork(visit.id, lesson.id, _a_check(household, clock), _a_sign(household, clock))


def _a_check(household: Household, clock: Clock) -> UUID:
    with transaction(actor=SYSTEM) as session:
        day = today(clock)
        row = {"day": day, "seed": b"s" * 32, "registrations": 1, "drawn": 1, "created_at": clock.now()}
        session.execute(insert(BackCheckDraw).values(row).on_conflict_do_nothing())
        check = BackCheck(
            id=uuid4(),
            household_id=household.id,
            commune_code=household.commune_code,
            day=day,
            registrar_id=household.registered_by,
            status=CheckStatus.OPEN,
            differences=[],
            created_at=clock.now(),
        )
        session.add(check)
    return check.id


def _a_sign(household: Household, clock: Clock) -> UUID:
    steps = tuple(
        Step(uuid4(), household.registered_by, household.commune_code, household.hamlet_code, clock.now(), 9, None)
        for _n in range(3)
    )
    with transaction(actor=SYSTEM) as session:
        found = signs.Found(SignKind.HASTY, steps, {"households": 3, "seconds": 60})
        signs.note([found], day=today(clock), clock=clock)
        return session.query(FieldSign.id).filter_by(mark=signs.mark(found)).scalar()  # type: ignore[no-any-return]
