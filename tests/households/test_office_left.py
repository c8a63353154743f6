"""A decision about many whose worker died is taken up by itself, and nothing is decided twice."""

from __future__ import annotations

from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM
from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.households.office import operations, queries, services
from app.households.office.models import Kind, Outcome
from app.identity import queries as identity
from app.identity import services as people
from app.identity.operations import NewGrant
from app.identity.roles import Role
from tests.factories import households as make
from tests.fakes.clock import FrozenClock


def test_what_a_dead_worker_left_is_decided_once(
    app: Flask, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = people.create_user(
        phone=make.a_phone(), display_name="Cán bộ thử", grants=[NewGrant(Role.COMMUNE_OFFICER, make.TAN_CUONG)],
        clock=SYSTEM_CLOCK,
    )  # fmt: skip
    officer = identity.actor_of(user, clock=SYSTEM_CLOCK)
    homes = [make.register(clock=clock, head_name=f"Lê Thị {name}") for name in ("Một", "Hai", "Ba")]
    real, calls = operations.decide_one, []

    def dies(*args: object, **more: object) -> str | None:
        calls.append(1)
        if len(calls) == 2:
            raise SystemExit("killed")
        return real(*args, **more)  # type: ignore[arg-type]

    bulk_id = uuid4()
    with monkeypatch.context() as broken:
        broken.setattr(operations, "decide_one", dies)
        with pytest.raises(SystemExit):
            services.start_bulk(
                actor=officer, bulk_id=bulk_id, kind=Kind.APPROVE, codes=[one.code for one in homes], clock=clock
            )
    assert services.wake_left(clock=clock) == 0, "it may still be at work"
    clock.advance(minutes=6)
    assert services.wake_left(clock=clock) == 1
    with transaction(actor=SYSTEM) as session:
        asked = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'office.work' AND args->>'bulk_id' = :id"
        assert session.scalar(sa.text(asked), {"id": str(bulk_id)}) == 1
    for _n in range(2):
        services.work_bulk_as_its_maker(bulk_id=bulk_id, clock=SYSTEM_CLOCK)
    with acting_as(SYSTEM):
        db.session.rollback()
        assert queries.outcomes(bulk_id) == {Outcome.WAITING: 0, Outcome.DONE: 3, Outcome.LEFT_OUT: 0}
        verified = sa.select(sa.func.count()).where(AuditEvent.action == "household_verified")
        assert db.session.scalar(verified) == 3
    assert services.wake_left(clock=clock) == 0
