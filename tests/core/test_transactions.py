"""One boundary: what is written, is written inside `with transaction()`, by somebody the database knows."""

from __future__ import annotations

from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core import audit
from app.core.actor import GUEST, SYSTEM, Actor
from app.core.audit import AuditEvent
from app.core.database import (
    TransactionMisuse,
    acting_as,
    current_actor,
    db,
    require_transaction,
    set_request_actor,
    transaction,
)
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.usefixtures("app")
SETTINGS = ("app.actor_id", "app.areas", "app.household_id")


def an_event(clock: FrozenClock) -> AuditEvent:
    return AuditEvent(
        at=clock.now(), actor_label="test", action="test.done", subject_kind="test", subject_id=uuid4(), details={}
    )


def events() -> int:
    db.session.rollback()
    return int(db.session.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) or 0)


def seen() -> tuple[str, ...]:
    row = db.session.execute(sa.text("SELECT " + ", ".join(f"current_setting('{name}', true)" for name in SETTINGS)))
    return tuple(value or "" for value in row.one())


def test_it_commits_at_the_end(clock):
    with transaction() as session:
        session.add(an_event(clock))
    assert events() == 1


def test_it_rolls_back_on_any_exception_and_is_closed_after(clock):
    with pytest.raises(KeyboardInterrupt), transaction() as session:
        session.add(an_event(clock))
        session.flush()
        raise KeyboardInterrupt
    assert events() == 0
    with pytest.raises(TransactionMisuse):
        require_transaction()
    with transaction() as session:
        session.add(an_event(clock))
    assert events() == 1


def test_nesting_raises_and_loses_the_outer_work_too(clock):
    with pytest.raises(TransactionMisuse, match="open already"), transaction() as session:
        session.add(an_event(clock))
        with transaction():
            pass
    assert events() == 0


def test_a_flush_outside_raises(clock):
    db.session.add(an_event(clock))
    with pytest.raises(TransactionMisuse, match="outside"):
        db.session.flush()
    db.session.rollback()
    assert events() == 0


def test_a_query_outside_does_not_slip_a_write_out(clock):
    db.session.add(an_event(clock))
    with pytest.raises(TransactionMisuse, match="outside"):
        db.session.scalars(sa.select(AuditEvent)).all()
    db.session.rollback()


def test_a_commit_outside_raises():
    db.session.scalar(sa.text("SELECT 1"))
    with pytest.raises(TransactionMisuse, match="commit outside"):
        db.session.commit()
    db.session.rollback()


def test_what_was_changed_before_does_not_slip_in(clock):
    db.session.add(an_event(clock))
    with pytest.raises(TransactionMisuse, match="changed outside"), transaction():
        pass
    db.session.rollback()
    assert events() == 0


def test_operations_demand_an_open_transaction(clock, system):
    with pytest.raises(TransactionMisuse, match="needs an open"):
        audit.record("test.done", actor=system, subject_kind="test", subject_id=uuid4(), clock=clock)


def test_the_database_knows_the_actor_and_only_while_it_lasts():
    someone = Actor(uuid4(), areas=frozenset({"05503-02", "05503-01"}), household_id=uuid4())
    with transaction(actor=someone):
        assert seen() == (str(someone.user_id), "05503-01,05503-02", str(someone.household_id))
        assert current_actor() == someone
    assert current_actor() == SYSTEM
    with acting_as(GUEST):
        db.session.rollback()
        assert seen() == ("", "", "")


def test_reads_outside_see_with_the_same_eyes():
    someone = Actor(uuid4(), areas=frozenset({"05503"}))
    with acting_as(someone):
        db.session.rollback()
        assert seen() == (str(someone.user_id), "05503", "")


def test_another_request_actor_begins_with_fresh_eyes():
    someone = Actor(uuid4(), areas=frozenset({"05503"}))
    with acting_as(GUEST):
        db.session.rollback()
        assert seen() == ("", "", "")
        set_request_actor(someone)
        assert seen()[1] == "05503"


def test_every_connection_works_as_the_role_that_owns_nothing(app: Flask):
    assert db.session.scalar(sa.text("SELECT current_user")) == "app"
    assert db.session.scalar(sa.text("SHOW lock_timeout")) == "10s"
    assert db.session.scalar(sa.text("SHOW timezone")) == "UTC"
