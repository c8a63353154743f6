"""Promises of a list when it is taken back, previewed too early, worked on twice, or its worker dies."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM
from app.core.audit import AuditEvent
from app.core.database import acting_as, transaction
from app.households.poverty import errors, operations, queries, services
from app.households.poverty.models import State
from app.households.poverty.reading import services as reading
from app.households.registry.models import PovertyClass
from tests.factories import households as make
from tests.fakes.clock import FrozenClock
from tests.households.poverty.conftest import FROM, TO, Desk, class_on, decisions
from tests.households.poverty.rows import a_list, by_number


def test_undoing_restores_exactly(table: Desk, clock: FrozenClock) -> None:
    poor = [make.poor(clock=clock) for _n in range(3)]
    new = make.verified(clock=clock)
    before = decisions()
    start = date(2026, 6, 1)
    import_id = table.take(
        a_list(by_number(poor[0], "CN"), by_number(poor[1]), by_number(new)),
        valid_from=start, whole_list=True,
    )  # fmt: skip
    assert table.counts(import_id) == {"new": 1, "changed": 1, "continuing": 1, "ending": 1}
    assert decisions() != before
    table.undo(import_id)
    assert table.state(import_id) == State.UNDONE
    assert decisions() == before
    with transaction(actor=SYSTEM):
        assert queries.kept(import_id) == 0


def test_undoing_leaves_what_a_person_changed_since(table: Desk, clock: FrozenClock) -> None:
    touched, left = make.poor(clock=clock), make.poor(clock=clock)
    import_id = table.take(a_list(by_number(touched, "CN"), by_number(left, "CN")), valid_from=date(2026, 2, 1))
    with transaction(actor=SYSTEM) as session:
        session.execute(
            sa.text(
                "UPDATE poverty_status SET revoked_at = now(), revoked_by = :by WHERE household_id = :home"
                " AND import_id IS NOT NULL AND valid_from = '2026-02-01'"
            ),
            {"by": uuid4(), "home": touched.id},
        )
    table.undo(import_id)
    assert class_on(touched.id, date(2026, 3, 1)) is None
    assert class_on(left.id, date(2026, 3, 1)) == "poor"
    with transaction(actor=SYSTEM):
        assert queries.kept(import_id) > 0


def test_a_list_that_a_later_one_built_on_is_undone_after_it(table: Desk, clock: FrozenClock) -> None:
    home = make.verified(clock=clock)
    first = table.take(a_list(by_number(home)))
    second = table.take(a_list(by_number(home, "CN")))
    with pytest.raises(errors.LaterImport):
        table.undo(first)
    table.undo(second)
    assert class_on(home.id, FROM) == "poor"
    table.undo(first)
    assert decisions() == set()


def test_a_batch_previewed_before_the_registry_changed_is_read_again(table: Desk, clock: FrozenClock) -> None:
    home, other = make.verified(clock=clock), make.verified(clock=clock)
    import_id = table.preview(a_list(by_number(home), by_number(other)))
    make.decide(home, clock=clock, poverty_class=PovertyClass.NEAR_POOR, number="7", valid_from=FROM, valid_to=TO)
    before = decisions()
    services.approve(actor=table.approver, import_id=import_id, clock=clock)
    table.work(import_id)
    found = table.get(import_id)
    assert (found.state, found.read_again, found.approved_by) == (State.READING, True, None)
    assert decisions() == before
    table.work(import_id)
    assert table.counts(import_id) == {"new": 1, "changed": 1}
    table.approve(import_id)
    assert class_on(home.id, FROM) == "poor"


def test_two_who_approve_and_two_workers_at_once_write_it_once(app: Flask, table: Desk, clock: FrozenClock) -> None:
    import_id = table.preview(a_list(*(by_number(make.verified(clock=clock)) for _n in range(4))))

    def approve(_n: int) -> None:
        with app.app_context(), acting_as(SYSTEM):
            with suppress(errors.WrongMoment):
                services.approve(actor=make.an_officer(), import_id=import_id, clock=clock)
            services.work(import_id, clock=clock)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(approve, range(4)))
    assert table.state(import_id) == State.APPLIED
    assert len(decisions()) == 4
    with transaction(actor=SYSTEM) as session:
        approved = sa.select(sa.func.count()).where(AuditEvent.action == "poverty_list_approved")
        assert session.scalar(approved) == 1


def test_a_worker_killed_while_reading_goes_on_where_it_was(
    table: Desk, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "CHUNK", 2)
    homes = [make.verified(clock=clock) for _n in range(5)]
    import_id = table.bring(a_list(*(by_number(home) for home in homes)))
    table.confirm(import_id)
    real, calls = operations.add_rows, []

    def dies(*args: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise SystemExit("killed")
        real(*args)

    monkeypatch.setattr(operations, "add_rows", dies)
    with pytest.raises(SystemExit):
        table.work(import_id)
    assert (table.get(import_id).steps_done, table.state(import_id)) == (2, State.READING)
    table.work(import_id)
    assert len(calls) == 4  # one before, the one that died, and the two that were left
    assert table.counts(import_id) == {"new": 5}


def test_a_worker_killed_while_writing_leaves_nothing_and_goes_on(
    table: Desk, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = table.preview(a_list(*(by_number(make.verified(clock=clock)) for _n in range(3))))
    services.approve(actor=table.approver, import_id=import_id, clock=clock)
    with monkeypatch.context() as broken:
        broken.setattr(operations, "_note_effects", lambda *_args: (_ for _ in ()).throw(SystemExit("killed")))
        with pytest.raises(SystemExit):
            table.work(import_id)
    assert (decisions(), table.state(import_id)) == (set(), State.APPLYING)
    clock.advance(minutes=3)
    assert services.wake_stuck(clock=clock) == 1
    table.work(import_id)
    assert (len(decisions()), table.state(import_id)) == (3, State.APPLIED)
