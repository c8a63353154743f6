"""Carrying a reform out inside an open transaction: units, households and what copies their place, people's roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.database import Model, require_transaction
from app.core.texts import fold
from app.households.areas.models import Area, AreaChange
from app.identity import operations as identity

from .errors import AreasChanged
from .listeners import Moved
from .plans import Plan

# Tables of this floor that copy a place. What lies in a hamlet follows the hamlet; what is a household's follows the
# household; what is only a commune's goes to the part that took most of it.
IN_A_HAMLET = ("household", "doorstep_record", "lesson")
OF_A_HOUSEHOLD = ("welfare_profile", "back_check", "privacy_request")
OF_A_COMMUNE = ("team_leader", "field_sign")


def carry_out(plan: Plan, *, effective_on: date, decision_number: str, clock: Clock) -> Moved:
    """Make the new communes, move the hamlets with everything in them, close what ended.

    Args:
        effective_on: the first day of the new order.

    Raises:
        AreasChanged: a unit the plan names is not in force any more.
    """
    units = _locked(plan)
    _make_communes(plan, units, effective_on)
    hamlets = _move_hamlets(plan, units, effective_on)
    moved = Moved(hamlets, plan.ended)
    _close([*hamlets, *plan.ended], effective_on - timedelta(days=1))
    _write_changes(plan, moved, units, effective_on, decision_number)
    _carry_places(moved)
    identity.carry_grants(
        {old: (new,) for old, new in hamlets.items()} | dict(plan.ended), reason="area_reform", clock=clock
    )
    return moved


def _locked(plan: Plan) -> dict[str, Area]:
    wanted = plan.concerned()
    found = require_transaction().scalars(
        sa.select(Area)
        .where(Area.code.in_(wanted), Area.valid_to.is_(None))
        .order_by(Area.code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    units = {area.code: area for area in found}
    if wanted - set(units):
        raise AreasChanged
    return units


def _make_communes(plan: Plan, units: dict[str, Area], effective_on: date) -> None:
    """A new commune lies where its hamlets lie, or where the commune that it comes from did."""
    session = require_transaction()
    for new in plan.new:
        parts = [units[hamlet] for hamlet, target in plan.moves.items() if target == new.code]
        parts = [part for part in parts if part.latitude is not None] or [
            units[old] for old, targets in plan.ended.items() if new.code in targets
        ]
        area = Area(
            code=new.code,
            kind="commune",
            unit=new.unit,
            name=new.name,
            parent_code=new.province_code,
            search_name=fold(new.name),
            latitude=_middle(part.latitude for part in parts),
            longitude=_middle(part.longitude for part in parts),
            valid_from=effective_on,
        )
        session.add(area)
        units[new.code] = area
    session.flush()


def _middle(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _move_hamlets(plan: Plan, units: dict[str, Area], effective_on: date) -> dict[str, str]:
    """Each hamlet gets the next free number of its new commune; old hamlet → new."""
    session = require_transaction()
    numbers = _last_numbers(set(plan.moves.values()))
    moved: dict[str, str] = {}
    for old, target in sorted(plan.moves.items()):
        numbers[target] = numbers.get(target, 0) + 1
        new = f"{target}-{numbers[target]:02d}"
        before = units[old]
        area = Area(
            code=new,
            kind="hamlet",
            unit=before.unit,
            name=before.name,
            parent_code=target,
            search_name=before.search_name,
            latitude=before.latitude,
            longitude=before.longitude,
            valid_from=effective_on,
        )
        session.add(area)
        moved[old] = new
    session.flush()
    return moved


def _last_numbers(communes: set[str]) -> dict[str, int]:
    number = sa.func.max(sa.cast(sa.func.split_part(Area.code, "-", 2), sa.Integer))
    query = sa.select(Area.parent_code, number).where(Area.parent_code.in_(communes), Area.kind == "hamlet")
    return {str(code): int(last) for code, last in require_transaction().execute(query.group_by(Area.parent_code))}


def _close(codes: list[str], last_day: date) -> None:
    require_transaction().execute(sa.update(Area).where(Area.code.in_(codes)).values(valid_to=last_day))


def _write_changes(
    plan: Plan, moved: Moved, units: Mapping[str, Area], effective_on: date, decision_number: str
) -> None:
    """Old codes and names lead to today's, also those that led to a unit which has ended now."""
    session = require_transaction()
    went: dict[str, tuple[str, ...]] = {old: (new,) for old, new in moved.hamlets.items()} | dict(plan.ended)
    parents = {
        area.code: area.name
        for area in session.scalars(sa.select(Area).where(Area.code.in_({units[old].parent_code for old in went})))
    }
    rows = [
        (old, units[old].name, parents.get(units[old].parent_code or "", ""), new, place == 0, len(targets) > 1)
        for old, targets in went.items()
        for place, new in enumerate(targets)
    ]
    earlier = session.scalars(sa.select(AreaChange).where(AreaChange.new_code.in_(list(went)))).all()
    rows += [
        (one.old_code, one.old_name, one.old_parent, new, one.main and place == 0, one.choose or len(targets) > 1)
        for one in earlier
        for targets in [went[one.new_code]]
        for place, new in enumerate(targets)
    ]
    known = {(one.old_code, one.new_code) for one in session.scalars(sa.select(AreaChange).where(
        AreaChange.old_code.in_({row[0] for row in rows})))}  # fmt: skip
    for old, name, parent, new, main, choose in rows:
        if (old, new) not in known:
            known.add((old, new))
            session.add(
                AreaChange(
                    old_code=old,
                    new_code=new,
                    old_name=name,
                    old_parent=parent,
                    search_name=fold(name),
                    choose=choose,
                    main=main,
                    changed_on=effective_on,
                    decision_number=decision_number,
                )
            )
    session.flush()


def _carry_places(moved: Moved) -> None:
    """One statement a table, however many households there are."""
    session = require_transaction()
    tables = Model.metadata.tables
    if moved.hamlets:
        went = sa.values(sa.column("old", sa.Text), sa.column("new", sa.Text), name="went").data(
            sorted(moved.hamlets.items())
        )
        for name in IN_A_HAMLET:
            columns = tables[name].c
            commune = sa.func.split_part(went.c.new, "-", 1)
            session.execute(
                sa.update(tables[name])
                .where(columns.hamlet_code == went.c.old)
                .values(hamlet_code=went.c.new, commune_code=commune)
            )
        home = tables["household"].c
        for name in OF_A_HOUSEHOLD:
            columns = tables[name].c
            session.execute(
                sa.update(tables[name])
                .where(
                    columns.household_id == home.id,
                    columns.commune_code != home.commune_code,
                    home.hamlet_code.in_(sorted(moved.hamlets.values())),
                )
                .values(commune_code=home.commune_code)
            )
    for old, (main, *_rest) in moved.communes.items():
        for name in OF_A_COMMUNE:
            columns = tables[name].c
            session.execute(sa.update(tables[name]).where(columns.commune_code == old).values(commune_code=main))
    session.expire_all()


def who(user_id: UUID | None) -> UUID:
    """The person who plans or approves; machines only carry out."""
    assert user_id is not None
    return user_id
