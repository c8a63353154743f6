"""Use cases of the team's work. What each refuses is told at the step it calls."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from app.core import audit
from app.core.actor import SYSTEM, Actor
from app.core.clock import VIETNAM, Clock
from app.core.crypto import KeyDestroyed
from app.core.database import transaction
from app.households.areas import queries as areas
from app.households.onboarding import trail
from app.households.registry import people as registry_people
from app.households.registry import queries as registry
from app.households.registry.people import Field

from . import backchecks, checks, comparing, signs, teams, visits
from .backchecks import Answers
from .comparing import Line
from .errors import NoSuchEntry, OtherEntry
from .models import BackCheck, FieldSign, Lesson, TeamLeader, Visit
from .visits import NewLesson, NewVisit

DRAW_BACK = 7


def record_visit(*, actor: Actor, new: NewVisit, clock: Clock) -> Visit:
    """Record a visit; see `visits.record`. The same one sent twice at once is one visit."""
    try:
        with transaction():
            return visits.record(actor, new, clock=clock)
    except IntegrityError:
        pass  # the same id landed meanwhile, or lies out of sight
    try:
        with transaction():
            return visits.record(actor, new, clock=clock)
    except IntegrityError:
        raise OtherEntry from None


def undo_visit(*, actor: Actor, visit_id: UUID, clock: Clock) -> Visit:
    """Take back one's own visit within a day; see `visits.undo_visit`."""
    with transaction():
        return visits.undo_visit(actor, visit_id, clock=clock)


def hold_lesson(*, actor: Actor, new: NewLesson, clock: Clock) -> Lesson:
    """Record a class; see `visits.hold`. The same one sent twice at once is one class."""
    try:
        with transaction():
            return visits.hold(actor, new, clock=clock)
    except IntegrityError:
        pass
    try:
        with transaction():
            return visits.hold(actor, new, clock=clock)
    except IntegrityError:
        raise OtherEntry from None


def undo_lesson(*, actor: Actor, lesson_id: UUID, clock: Clock) -> Lesson:
    """Take back one's own class within a day; see `visits.undo_lesson`."""
    with transaction():
        return visits.undo_lesson(actor, lesson_id, clock=clock)


def name_leader(*, actor: Actor, commune_code: str, user_id: UUID, clock: Clock) -> TeamLeader:
    """Make a member lead the commune's team; see `teams.name_leader`."""
    with transaction():
        return teams.name_leader(actor, commune_code=commune_code, user_id=user_id, clock=clock)


def end_leader(*, actor: Actor, commune_code: str, user_id: UUID, clock: Clock) -> None:
    """Let a leader lead no longer; see `teams.end_leader`."""
    with transaction():
        teams.end_leader(actor, commune_code=commune_code, user_id=user_id, clock=clock)


def assign_hamlet(*, actor: Actor, hamlet_code: str, user_id: UUID, clock: Clock) -> None:
    """Give a hamlet to a member; see `teams.assign`."""
    with transaction():
        teams.assign(actor, hamlet_code=hamlet_code, user_id=user_id, clock=clock)


def release_hamlet(*, actor: Actor, hamlet_code: str, user_id: UUID, clock: Clock) -> None:
    """Take a hamlet from a member, at once; see `teams.release`."""
    with transaction():
        teams.release(actor, hamlet_code=hamlet_code, user_id=user_id, clock=clock)


def reassign_hamlet(*, actor: Actor, hamlet_code: str, from_id: UUID, to_id: UUID, clock: Clock) -> None:
    """Take a hamlet from one member and give it to another; see `teams.reassign`."""
    with transaction():
        teams.reassign(actor, hamlet_code=hamlet_code, from_id=from_id, to_id=to_id, clock=clock)


def add_member(*, actor: Actor, hamlet_code: str, phone: str, name: str, clock: Clock) -> UUID:
    """Take somebody into the team; see `teams.add_member`."""
    with transaction():
        return teams.add_member(actor, hamlet_code=hamlet_code, phone=phone, name=name, clock=clock)


def draw_back_checks(*, clock: Clock) -> int:
    """Draw for each day of the last week that is over and was not drawn yet, and hand out; how many were drawn."""
    today = registry.today(clock)
    drawn = 0
    for back in range(DRAW_BACK, 0, -1):
        with transaction(actor=SYSTEM):
            drawn += backchecks.draw(today - timedelta(days=back), clock=clock)
    with transaction(actor=SYSTEM):
        backchecks.hand_out(clock=clock)
    return drawn


def hand_over_check(*, actor: Actor, check_id: UUID, user_id: UUID, clock: Clock) -> None:
    """Give an open back-check to another member; see `backchecks.hand_over`."""
    with transaction():
        backchecks.hand_over(actor, check_id, user_id=user_id, clock=clock)


def address_to_check(*, actor: Actor, check_id: UUID, clock: Clock) -> str:
    """Where the household of a check lives, for the one who is to go there; each look is written down.

    As the system: the checker need not work in that hamlet. Name, birth and phone stay closed.

    Raises:
        NoSuchEntry: no check of theirs, or the household was erased.
    """
    with transaction(actor=SYSTEM):
        check = checks.assigned(actor, check_id)
        household = registry.get(check.household_id)
        try:
            address = registry_people.open_field(household, Field.ADDRESS) or ""
        except KeyDestroyed:
            raise NoSuchEntry from None
        audit.record(
            "household_unmasked", actor=actor, subject_kind="household", subject_id=household.id, clock=clock,
            field=str(Field.ADDRESS), reason="back_check",
        )  # fmt: skip
        return address


def answer_check(*, actor: Actor, check_id: UUID, answers: Answers, clock: Clock) -> BackCheck:
    """Take the second answers; see `backchecks.answer`. As the system, which alone sees both sides."""
    with transaction(actor=SYSTEM):
        return backchecks.answer(actor, check_id, answers, clock=clock)


def decide_check(*, actor: Actor, check_id: UUID, sound: bool, reason: str, clock: Clock) -> BackCheck:
    """Decide what to make of differences; see `backchecks.decide`."""
    with transaction():
        return backchecks.decide(actor, check_id, sound=sound, reason=reason, clock=clock)


def compare_check(*, actor: Actor, check_id: UUID, clock: Clock) -> tuple[BackCheck, list[Line]]:
    """A check with both answers, for the one who decides; see `comparing.both_sides`."""
    with transaction():
        return comparing.both_sides(actor, check_id, clock=clock)


def look_for_signs(*, day: date, clock: Clock) -> int:
    """Look through what phones sent on a day in Vietnam; how many new signs there are. Again is harmless."""
    since = datetime.combine(day, time(), VIETNAM)
    until = since + timedelta(days=1)
    with transaction(actor=SYSTEM):
        members = trail.members_between(since, until)
    new = 0
    for member in members:
        with transaction(actor=SYSTEM):
            steps = trail.of_member(member, since, until)
            places = areas.load(code for step in steps for code in (step.hamlet_code, step.commune_code))
            new += signs.note(signs.look(steps, places), day=day, clock=clock)
    return new


def decide_sign(*, actor: Actor, sign_id: UUID, confirmed: bool, reason: str, clock: Clock) -> FieldSign:
    """Say whether something is behind a sign; see `signs.decide`."""
    with transaction():
        return signs.decide(actor, sign_id, confirmed=confirmed, reason=reason, clock=clock)
