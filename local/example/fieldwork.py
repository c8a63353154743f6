"""The team's work for the example: a leader, visits, a class, back-checks at two steps, two signs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID, uuid4

from app.core.actor import SYSTEM, Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, transaction
from app.households.fieldwork import services, signs
from app.households.fieldwork.backchecks import Answers
from app.households.fieldwork.models import BackCheck, BackCheckDraw, CheckStatus, Done, SignKind
from app.households.fieldwork.visits import NewLesson, NewVisit
from app.households.onboarding.trail import Step
from app.households.registry import people as sealing
from app.households.registry import queries as registry
from app.households.registry.models import Household
from app.households.registry.people import Field
from app.identity import queries as people

from .people import FIRST_HAMLET, LEADER, MEMBER, OFFICER
from .scales import TAN_CUONG

VISITS = (
    (9, {Done.SHOP_OPENED, Done.LESSON}, "Cần dạy lại cách chụp ảnh", 1),
    (6, {Done.PAYMENT_ACCOUNT}, "", 0),
    (4, {Done.NOBODY_HOME}, "Đi chợ, chiều mới về", 3),
    (2, {Done.APP_INSTALLED, Done.SHOP_OPENED}, "", 21),
)
"""Days ago, what was done, the note, days until the next."""


def bring_fieldwork() -> bool:
    """Let the demo's team work as its pages would.

    Returns:
        Whether its people and enough households of the first hamlet are there.
    """
    officer, leader, member = (_signed_in(phone) for phone in (OFFICER, LEADER, MEMBER))
    if officer is None or leader is None or member is None or leader.user_id is None or member.user_id is None:
        return False
    with acting_as(member):
        homes = registry.of_hamlet(member, FIRST_HAMLET, limit=40)
    if len(homes) < len(VISITS):
        return False
    with acting_as(officer):
        services.name_leader(actor=officer, commune_code=TAN_CUONG, user_id=leader.user_id, clock=SYSTEM_CLOCK)
    with acting_as(member):
        _visit(member, homes)
        _hold_a_class(member, homes)
    _ask_again(leader, member)
    _notice(member.user_id)
    return True


def _signed_in(phone: str) -> Actor | None:
    with acting_as(SYSTEM):
        user = people.by_phone(phone)
        return people.actor_of(user, clock=SYSTEM_CLOCK) if user else None


def _visit(member: Actor, homes: Sequence[Household]) -> None:
    now, today = SYSTEM_CLOCK.now(), registry.today(SYSTEM_CLOCK)
    for home, (ago, done, note, again) in zip(homes, VISITS, strict=False):
        new = NewVisit(
            uuid4(), home.code, frozenset(done), note, today + timedelta(days=again), now - timedelta(days=ago)
        )
        services.record_visit(actor=member, new=new, clock=SYSTEM_CLOCK)


def _hold_a_class(member: Actor, homes: Sequence[Household]) -> None:
    new = NewLesson(
        id=uuid4(),
        hamlet_code=FIRST_HAMLET,
        place="Nhà văn hóa xóm",
        topic="Chụp ảnh hàng, nhận tiền bằng mã QR",
        held_at=SYSTEM_CLOCK.now() - timedelta(days=3),
        walk_ins=4,
        codes=tuple(home.code for home in homes[:6]),
    )
    services.hold_lesson(actor=member, new=new, clock=SYSTEM_CLOCK)


def _ask_again(leader: Actor, member: Actor) -> None:
    """Two households of other members: the leader found one otherwise, the other is the member's to ask."""
    day = registry.today(SYSTEM_CLOCK) - timedelta(days=10)
    with transaction(actor=SYSTEM) as session:
        row = BackCheckDraw(day=day, seed=uuid4().bytes * 2, registrations=40, drawn=2, created_at=SYSTEM_CLOCK.now())
        session.add(row)
        session.flush()
        own = (leader.user_id, member.user_id)
        others = [
            home for home in registry.of_hamlet(SYSTEM, FIRST_HAMLET, limit=100) if home.registered_by not in own
        ][:2]
        checks = [_check(home, day, who) for home, who in zip(others, own, strict=False)]
        session.add_all(checks)
        session.flush()
        asked, head = (checks[0].id, sealing.open_field(others[0], Field.HEAD_NAME) or "") if checks else (None, "")
    if asked:
        found = Answers(name=head, birth_year=1961, phone="0900 199 999", reachable=True, visited=True)
        services.answer_check(actor=leader, check_id=asked, answers=found, clock=SYSTEM_CLOCK)


def _check(home: Household, day: date, checker: UUID | None) -> BackCheck:
    return BackCheck(
        household_id=home.id,
        commune_code=home.commune_code,
        day=day,
        registrar_id=home.registered_by,
        checker_id=checker,
        status=CheckStatus.OPEN,
        differences=[],
        created_at=SYSTEM_CLOCK.now(),
    )


def _notice(member_id: UUID) -> None:
    """Two signs about the member, as a day's phone records would give them."""
    now = SYSTEM_CLOCK.now()
    steps = tuple(Step(uuid4(), member_id, TAN_CUONG, FIRST_HAMLET, now, 40, None) for _each in range(5))
    found = (
        signs.Found(SignKind.HASTY, steps[:3], {"households": 3, "seconds": signs.HASTY_S}),
        signs.Found(SignKind.SAME_POINT, steps, {"households": 5, "hamlets": 1}),
    )
    with transaction(actor=SYSTEM):
        signs.note(found, day=registry.today(SYSTEM_CLOCK) - timedelta(days=1), clock=SYSTEM_CLOCK)
