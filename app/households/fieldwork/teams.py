"""Who leads a commune's team and who works in which hamlet.

A member is whoever holds the role of team member over a hamlet of the commune: one truth for the list and for access. A
leader is named beside it and holds that role over the whole commune as long as they lead. Steps need a transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core import audit
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.database import db, require_transaction
from app.households.areas import queries as areas
from app.households.areas.models import Area
from app.households.registry import operations as registry_operations
from app.identity import queries as people
from app.identity import teams as identity_teams
from app.identity.roles import Role

from .errors import BadEntry, NoSuchEntry, NotAMember, NotOneself, NotTheLeader
from .models import TeamLeader


@dataclass(frozen=True)
class Member:
    """Somebody of a commune's team and their hamlets, by code."""

    user_id: UUID
    name: str
    hamlets: tuple[str, ...]
    leads: bool


def led_by(actor: Actor) -> Sequence[str]:
    """Codes of the communes whose team this person leads and still reaches."""
    query = sa.select(TeamLeader.commune_code).where(TeamLeader.user_id == actor.user_id, TeamLeader.ended_at.is_(None))
    return sorted(code for code in db.session.scalars(query) if actor.reaches(code))


def overseen(actor: Actor) -> Sequence[str]:
    """Codes of the communes whose team this person looks after, as officer or leader."""
    if actor.has_role(Role.COMMUNE_OFFICER):
        return sorted(code for code in actor.areas if "-" not in code and code != "*")
    return led_by(actor)


def demand_oversight(actor: Actor, commune_code: str) -> None:
    """Only the commune's officer, or who leads its team.

    Raises:
        NotTheLeader: somebody else.
    """
    officer = actor.has_role(Role.COMMUNE_OFFICER) and actor.reaches(commune_code)
    if not officer and commune_code not in led_by(actor):
        raise NotTheLeader


def demand_officer(actor: Actor, commune_code: str) -> None:
    """Only the commune's officer.

    Raises:
        NotTheLeader: somebody else.
    """
    if not (actor.has_role(Role.COMMUNE_OFFICER) and actor.reaches(commune_code)):
        raise NotTheLeader


def hamlets(commune_code: str) -> list[Area]:
    """The commune's hamlets, by code."""
    return [area for area in areas.children(commune_code) if area.kind == "hamlet"]


def member_ids(commune_code: str, *, clock: Clock) -> dict[UUID, set[str]]:
    """Who works in the commune now, with the areas they work in."""
    wanted = [commune_code, *(area.code for area in hamlets(commune_code))]
    return identity_teams.members_in(wanted, at=clock.now())


def members(commune_code: str, *, clock: Clock) -> list[Member]:
    """The commune's team, leaders first, then by name."""
    reach = member_ids(commune_code, clock=clock)
    names = people.display_names(reach)
    leaders = set(_leaders(commune_code))
    found = [
        Member(id, names.get(id, ""), tuple(sorted(held - {commune_code})), id in leaders) for id, held in reach.items()
    ]
    return sorted(found, key=lambda one: (not one.leads, one.name, str(one.user_id)))


def name_leader(actor: Actor, *, commune_code: str, user_id: UUID, clock: Clock) -> TeamLeader:
    """Make a member the leader of the commune's team; one who leads already stays so.

    Raises:
        NotTheLeader: the actor is no officer of the commune.
        NotAMember: the person isn't in the team.
        NotOneself: nobody names themselves.
    """
    demand_officer(actor, commune_code)
    _demand_other_member(actor, commune_code, user_id, clock)
    session = require_transaction()
    identity_teams.give_area(user_id=user_id, area_code=commune_code, actor=actor, clock=clock)
    if leads := _open_lead(commune_code, user_id):
        return leads
    leader = TeamLeader(
        commune_code=commune_code,
        user_id=user_id,
        named_by=registry_operations.who(actor),
        named_at=clock.now(),
    )
    session.add(leader)
    session.flush()
    _note("team_leader_named", actor, user_id, commune_code, clock)
    return leader


def end_leader(actor: Actor, *, commune_code: str, user_id: UUID, clock: Clock) -> None:
    """Let somebody lead no longer; their reach over the whole commune ends with it, at once. Their hamlets stay.

    Raises:
        NotTheLeader: the actor is no officer of the commune.
        NoSuchEntry: they don't lead it.
    """
    demand_officer(actor, commune_code)
    leader = _open_lead(commune_code, user_id)
    if leader is None:
        raise NoSuchEntry
    leader.ended_at, leader.ended_by = max(clock.now(), leader.named_at), registry_operations.who(actor)
    identity_teams.end_area(user_id=user_id, area_code=commune_code, actor=actor, clock=clock)
    _note("team_leader_ended", actor, user_id, commune_code, clock)


def assign(actor: Actor, *, hamlet_code: str, user_id: UUID, clock: Clock) -> None:
    """Give a hamlet to a member of the team, from now on.

    Raises:
        NotTheLeader: the actor looks after another team.
        NotAMember: the person isn't in the team.
        NotOneself: nobody gives themselves a hamlet.
        BadEntry: no such hamlet.
    """
    commune = _commune_of(hamlet_code)
    demand_oversight(actor, commune)
    _demand_other_member(actor, commune, user_id, clock)
    identity_teams.give_area(user_id=user_id, area_code=hamlet_code, actor=actor, clock=clock)


def release(actor: Actor, *, hamlet_code: str, user_id: UUID, clock: Clock) -> None:
    """Take a hamlet from a member: from the next thing they open they don't see it any more.

    Raises:
        NotTheLeader: the actor looks after another team.
        NoSuchEntry: they don't have it.
        BadEntry: no such hamlet.
    """
    demand_oversight(actor, _commune_of(hamlet_code))
    if not identity_teams.end_area(user_id=user_id, area_code=hamlet_code, actor=actor, clock=clock):
        raise NoSuchEntry


def reassign(actor: Actor, *, hamlet_code: str, from_id: UUID, to_id: UUID, clock: Clock) -> None:
    """Take a hamlet from one member and give it to another, both or neither; see `assign` and `release`."""
    if from_id == to_id:
        raise BadEntry({"user_id": [_("Chọn một người khác.")]})
    assign(actor, hamlet_code=hamlet_code, user_id=to_id, clock=clock)
    release(actor, hamlet_code=hamlet_code, user_id=from_id, clock=clock)


def add_member(actor: Actor, *, hamlet_code: str, phone: str, name: str, clock: Clock) -> UUID:
    """Take somebody into the team by their phone, with a first hamlet; their account is made when there is none.

    Raises:
        NotTheLeader: the actor is no officer of the commune.
        BadPhone, BadEntry: what was typed can't be.
        NotOneself: their own phone.
    """
    demand_officer(actor, _commune_of(hamlet_code))
    if not 1 <= len(name.strip()) <= 120:
        raise BadEntry({"name": [_("Ghi họ tên của người này.")]})
    user = identity_teams.find_or_add(phone=phone, display_name=name, clock=clock)
    if user.id == actor.user_id:
        raise NotOneself
    identity_teams.give_area(user_id=user.id, area_code=hamlet_code, actor=actor, clock=clock)
    return user.id


def _commune_of(hamlet_code: str) -> str:
    hamlet = areas.get(hamlet_code)
    if hamlet is None or hamlet.kind != "hamlet" or hamlet.parent_code is None:
        raise BadEntry({"hamlet_code": [_("Chọn xóm trong danh sách.")]})
    return hamlet.parent_code


def _demand_other_member(actor: Actor, commune_code: str, user_id: UUID, clock: Clock) -> None:
    if user_id == actor.user_id:
        raise NotOneself
    if user_id not in member_ids(commune_code, clock=clock):
        raise NotAMember


def _leaders(commune_code: str) -> Sequence[UUID]:
    query = sa.select(TeamLeader.user_id).where(TeamLeader.commune_code == commune_code, TeamLeader.ended_at.is_(None))
    return db.session.scalars(query).all()


def _open_lead(commune_code: str, user_id: UUID) -> TeamLeader | None:
    return require_transaction().scalar(
        sa.select(TeamLeader)
        .where(TeamLeader.commune_code == commune_code, TeamLeader.user_id == user_id, TeamLeader.ended_at.is_(None))
        .with_for_update()
    )


def _note(action: str, actor: Actor, user_id: UUID, commune_code: str, clock: Clock) -> None:
    audit.record(action, actor=actor, subject_kind="user", subject_id=user_id, clock=clock, area_code=commune_code)
