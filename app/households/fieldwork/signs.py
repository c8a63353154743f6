"""Signs that registrations may be invented, found in how fast and where they were made.

A sign is a question, no verdict: a class in the culture house also registers many households at one point.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from app.core import audit
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.database import require_transaction
from app.core.ids import uuid7
from app.households.areas.models import Area
from app.households.onboarding.records import Place
from app.households.onboarding.trail import Step
from app.households.registry import operations as registry_operations

from . import backchecks, checks, teams
from .errors import DecidedAlready, NotOneself
from .models import FieldSign, SignKind, SignStatus

WINDOW = timedelta(minutes=30)
MANY_IN_WINDOW = 8
HASTY_S = 60
MANY_HASTY = 3
SAME_WITHIN_M = 15.0
MANY_AT_POINT = 4
BLURRED_M = 100.0
FAR_FROM_HAMLET_M = 5_000.0
FAR_FROM_COMMUNE_M = 25_000.0
LEAP_M = 1_000.0
LEAP_M_PER_S = 25.0
EARTH_M = 6_371_000.0


@dataclass(frozen=True)
class Found:
    """One sign: the records it is about, and counts, seconds or metres that say why."""

    kind: SignKind
    steps: tuple[Step, ...]
    figures: dict[str, Any]


def look(steps: Sequence[Step], places: Mapping[str, Area]) -> list[Found]:
    """Every sign in one member's records of a day, which are in the order they were made.

    Args:
        places: hamlets and communes by code, for their centres.
    """
    return [
        *_fast(steps),
        *_hasty(steps),
        *_same_point(steps),
        *_far_away(steps, places),
        *_leaps(steps),
    ]


def note(found: Sequence[Found], *, day: date, clock: Clock) -> int:
    """Keep signs that are new; how many were."""
    session = require_transaction()
    new = 0
    for one in found:
        first = one.steps[0]
        row = {
            "id": uuid7(),
            "kind": one.kind,
            "mark": mark(one),
            "member_id": first.member_id,
            "commune_code": first.commune_code,
            "day": day,
            "figures": one.figures,
            "record_ids": [step.record_id for step in one.steps],
            "status": SignStatus.OPEN,
            "created_at": clock.now(),
        }
        made = insert(FieldSign).values(row).on_conflict_do_nothing(index_elements=["mark"]).returning(FieldSign.id)
        new += session.scalar(made) is not None
    return new


def decide(actor: Actor, sign_id: UUID, *, confirmed: bool, reason: str, clock: Clock) -> FieldSign:
    """Say whether something is behind a sign.

    Raises:
        NoSuchEntry: none the actor may see.
        NotTheLeader: not an officer of its commune.
        NotOneself: it is about the actor.
        DecidedAlready: somebody was faster.
        BadEntry: without a reason.
    """
    sign = checks.sign(sign_id, for_update=True)
    teams.demand_officer(actor, sign.commune_code)
    if actor.user_id == sign.member_id:
        raise NotOneself
    if sign.status != SignStatus.OPEN:
        raise DecidedAlready
    sign.reason = backchecks.reason_of(reason)
    sign.status = SignStatus.CONFIRMED if confirmed else SignStatus.DISMISSED
    sign.decided_by, sign.decided_at = registry_operations.who(actor), clock.now()
    audit.record(
        "field_sign_decided", actor=actor, subject_kind="field_sign", subject_id=sign_id, clock=clock,
        confirmed=confirmed,
    )  # fmt: skip
    return sign


def metres(one: Place, other: Place) -> float:
    """The way between two points over the ground (haversine), in metres."""
    return _metres(one.latitude, one.longitude, other.latitude, other.longitude)


def _fast(steps: Sequence[Step]) -> Iterator[Found]:
    """The busiest half hour, if nobody could talk with so many households in it."""
    best: tuple[Step, ...] = ()
    begin = 0
    for end, step in enumerate(steps):
        while step.made_at - steps[begin].made_at > WINDOW:
            begin += 1
        if end + 1 - begin > len(best):
            best = tuple(steps[begin : end + 1])
    if len(best) >= MANY_IN_WINDOW:
        minutes = max(1, round((best[-1].made_at - best[0].made_at).total_seconds() / 60))
        yield Found(SignKind.FAST, best, {"households": len(best), "minutes": minutes})


def _hasty(steps: Sequence[Step]) -> Iterator[Found]:
    quick = tuple(step for step in steps if step.seconds_spent is not None and step.seconds_spent < HASTY_S)
    if len(quick) >= MANY_HASTY:
        yield Found(SignKind.HASTY, quick, {"households": len(quick), "seconds": HASTY_S})


def _same_point(steps: Sequence[Step]) -> Iterator[Found]:
    """Households that all lie at one point. Each record counts for the first point it fits."""
    points: list[tuple[Place, list[Step]]] = []
    for step in steps:
        if step.place is None or step.place.accuracy_m > BLURRED_M:
            continue
        for place, there in points:
            if metres(place, step.place) <= SAME_WITHIN_M:
                there.append(step)
                break
        else:
            points.append((step.place, [step]))
    for _place, there in points:
        if len(there) >= MANY_AT_POINT:
            hamlets = len({step.hamlet_code for step in there})
            yield Found(SignKind.SAME_POINT, tuple(there), {"households": len(there), "hamlets": hamlets})


def _far_away(steps: Sequence[Step], places: Mapping[str, Area]) -> Iterator[Found]:
    """Made far from the hamlet they are said to be in; by the commune's centre when the hamlet's is not known."""
    far: list[tuple[float, Step]] = []
    for step in steps:
        distance = _beyond(step, places.get(step.hamlet_code), FAR_FROM_HAMLET_M)
        if distance is None:
            distance = _beyond(step, places.get(step.commune_code), FAR_FROM_COMMUNE_M)
        if distance:
            far.append((distance, step))
    if far:
        kilometres = round(max(distance for distance, _step in far) / 1000)
        yield Found(
            SignKind.FAR_AWAY, tuple(step for _d, step in far), {"households": len(far), "kilometres": kilometres}
        )


def _beyond(step: Step, unit: Area | None, allowed_m: float) -> float | None:
    """How far from a unit's centre, 0 when within what is allowed, None when that can't be said."""
    if step.place is None or unit is None or unit.latitude is None or unit.longitude is None:
        return None
    away = _metres(step.place.latitude, step.place.longitude, unit.latitude, unit.longitude) - step.place.accuracy_m
    return away if away > allowed_m else 0.0


def _leaps(steps: Sequence[Step]) -> Iterator[Found]:
    """The longest way between two records that no motorbike makes in the time between them."""
    placed = [(step, step.place) for step in steps if step.place is not None]
    worst: tuple[float, Step, Step] | None = None
    for (one, here), (other, there) in pairwise(placed):
        way = metres(here, there) - here.accuracy_m - there.accuracy_m
        seconds = (other.made_at - one.made_at).total_seconds()
        if way > LEAP_M and way > seconds * LEAP_M_PER_S and (worst is None or way > worst[0]):
            worst = way, one, other
    if worst:
        way, one, other = worst
        minutes = round((other.made_at - one.made_at).total_seconds() / 60)
        yield Found(SignKind.LEAP, (one, other), {"kilometres": round(way / 1000), "minutes": minutes})


def _metres(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    up, along = radians(other_latitude - latitude), radians(other_longitude - longitude)
    inner = sin(up / 2) ** 2 + cos(radians(latitude)) * cos(radians(other_latitude)) * sin(along / 2) ** 2
    return 2 * EARTH_M * asin(min(1.0, sqrt(inner)))


def mark(found: Found) -> bytes:
    """What keeps the same sign from being noted twice: its kind and records."""
    ids = sorted(step.record_id.bytes for step in found.steps)
    return hashlib.sha256(found.kind.encode() + b"".join(ids)).digest()
