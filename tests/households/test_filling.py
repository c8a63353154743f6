"""Households from before near names were looked for are found as duplicates too."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.actor import SYSTEM
from app.core.database import acting_as, db, transaction
from app.households.office import queries as office
from app.households.registry import filling_services as filling
from app.households.registry.models import Household
from tests.factories import households as make
from tests.fakes.clock import FrozenClock


def test_old_rows_are_found_after_it_in_batches_and_once(
    app: Flask, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "BATCH", 2)
    first = make.register(clock=clock, head_name="Nguyễn Thị Thử", citizen_id="019180111111")
    near = make.register(clock=clock, head_name="Nguyen Ngoc Thu", citizen_id="019180999999")
    make.register(clock=clock, head_name="Lê Văn Khác", citizen_id="019070222222")
    with transaction(actor=SYSTEM) as session:
        session.execute(sa.update(Household).values(near_index=None))

    def twins() -> list[str]:
        with acting_as(SYSTEM):
            db.session.rollback()
            return [twin.code for twin in office.twins([first.id]).get(first.id, [])]

    assert twins() == []
    late = clock.now() + timedelta(minutes=1)
    assert filling.fill_near(until=clock.now(), clock=clock) == 0, "no time, nothing done"
    assert filling.fill_near(until=late, clock=clock) == 3
    assert twins() == [near.code]
    assert filling.fill_near(until=late, clock=clock) == 0
