"""Whether a household may be registered already, asked at the door. Of a household out of sight it tells a yes at most.

Every question costs the same steps whatever is known: numbers that are missing or mangled are looked up as well, as
something that nobody has.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import SequenceMatcher

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.clock import Clock, in_vietnam
from app.core.crypto import KeyDestroyed
from app.core.database import db
from app.core.phones import normalise_phone
from app.core.texts import fold, tidy
from app.households.registry import citizen, operations, people, queries
from app.households.registry.models import Household, Status
from app.households.registry.people import Field, open_field

ALIKE = 0.84
MAX_CODES = 5
MAX_IN_HAMLET = 3000


@dataclass(frozen=True)
class Question:
    """What is known at the door so far."""

    hamlet_code: str
    citizen_id: str | None = None
    phone: str | None = None
    head_name: str | None = None
    birth_year: int | None = None


@dataclass(frozen=True)
class Hint:
    """`citizen` and `phone`: known in sight. `similar`: codes in sight. `similar_elsewhere`: a number known, 1 or 0."""

    citizen: bool
    phone: bool
    similar: list[str]
    similar_elsewhere: int


def ask(actor: Actor, question: Question, *, clock: Clock) -> Hint:
    """Look for households like this one.

    Raises:
        BadHousehold, OutsideArea: no such hamlet, or not one of the actor's.
    """
    hamlet = operations.hamlet_for(actor, question.hamlet_code)
    this_year = in_vietnam(clock.now()).year
    number, born = _citizen(question.citizen_id or "", this_year)
    phone = _phone(question.phone or "")
    in_sight = queries.with_numbers(actor, citizen_index=number, phone_index=phone)
    anywhere = db.session.scalar(sa.select(sa.func.household_known(number, phone)))
    citizen_here = any(home.citizen_index == number for home in in_sight)
    phone_here = any(home.phone_index == phone for home in in_sight)
    alike = _alike(actor, question, hamlet.code, question.birth_year or born, this_year)
    codes = dict.fromkeys([home.code for home in in_sight if home.status != Status.MERGED] + alike)
    return Hint(
        citizen=citizen_here,
        phone=phone_here,
        similar=list(codes)[:MAX_CODES],
        similar_elsewhere=int(bool(anywhere) and not in_sight),
    )


def _citizen(text: str, this_year: int) -> tuple[bytes, int | None]:
    try:
        parsed = citizen.parse(text, this_year=this_year)
    except citizen.BadCitizenId:
        return os.urandom(32), None
    return people.citizen_index(parsed.number), parsed.birth_year


def _phone(text: str) -> bytes:
    try:
        return people.phone_index(normalise_phone(text))
    except ValueError:
        return os.urandom(32)


def _alike(actor: Actor, question: Question, hamlet_code: str, born: int | None, this_year: int) -> list[str]:
    """Codes of households in the hamlet whose head has nearly this name and, where both are known, this birth year."""
    name = fold(tidy(question.head_name or ""))
    found = []
    for home in queries.of_hamlet(actor, hamlet_code, limit=MAX_IN_HAMLET):
        try:
            likeness = _likeness(name, fold(open_field(home, Field.HEAD_NAME) or ""))
            if home.status != Status.MERGED and likeness >= ALIKE and _near(born, _birth_year(home, this_year)):
                found.append((likeness, home.code))
        except KeyDestroyed:
            continue
    return [code for _likeness, code in sorted(found, reverse=True)][:MAX_CODES]


def _likeness(one: str, other: str) -> float:
    """How alike two folded names are, 0 to 1; a middle name left out does little harm."""
    if len(one) < 4 or not other:
        return 0.0
    words, others = one.split(), other.split()
    if words[0] == others[0] and words[-1] == others[-1] and (set(words) <= set(others) or set(others) <= set(words)):
        return 0.95 if words != others else 1.0
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= ALIKE else 0.0


def _near(one: int | None, other: int | None) -> bool:
    return one is None or other is None or abs(one - other) <= 1


def _birth_year(home: Household, this_year: int) -> int | None:
    try:
        return citizen.parse(open_field(home, Field.CITIZEN_ID) or "", this_year=this_year).birth_year
    except citizen.BadCitizenId:
        return None
