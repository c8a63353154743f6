"""Promises of versions: each change of a household stays on record, sealed, for those only who see the household."""

from __future__ import annotations

import psycopg
import pytest
import sqlalchemy as sa

from app.config import libpq_url
from app.core import crypto
from app.core.actor import SYSTEM
from app.core.clock import Clock
from app.core.database import acting_as, db, transaction
from app.households.registry import fields, services, versions
from app.households.registry.models import Household, HouseholdVersion
from tests.factories import households as make

pytestmark = pytest.mark.usefixtures("app")


def returned(clock: Clock) -> Household:
    household = make.register(clock=clock)
    return services.return_to_team(
        actor=make.an_officer(), household_id=household.id, reason="Thiếu số nhà", clock=clock
    )


def test_a_correction_is_the_next_version_and_the_first_stays_readable(clock: Clock) -> None:
    household = returned(clock)
    before = fields.of(household)
    data = make.a_registration(citizen_id=before["citizen_id"], address="Nhà bên suối")
    neighbour = make.a_team_member()
    services.resubmit(actor=neighbour, household_id=household.id, data=data, clock=clock)
    household = db.session.get_one(Household, household.id)
    assert household.version == 2
    assert versions.fields_at(household, 1) == before
    assert (versions.fields_at(household, 2) or {})["address"] == "Nhà bên suối"
    assert versions.fields_at(household, 3) is None
    first, second = versions.history(household.id)
    assert "citizen_id" in first.changed and "citizen_id" not in second.changed
    assert (second.source, second.changed_by) == ("doorstep", neighbour.user_id)
    assert "Nhà bên suối".encode() not in b"".join(db.session.scalars(sa.select(HouseholdVersion.fields_enc)))


def test_sending_the_same_again_is_no_new_version(clock: Clock) -> None:
    data = make.a_registration()
    household = services.register_household(actor=make.a_team_member(), data=data, clock=clock)
    officer = make.an_officer()
    services.return_to_team(actor=officer, household_id=household.id, reason="Thiếu số nhà", clock=clock)
    services.resubmit(actor=make.a_team_member(), household_id=household.id, data=data, clock=clock)
    assert db.session.get_one(Household, household.id).version == 1


def test_what_was_loaded_in_bulk_goes_on_record_when_it_first_changes(clock: Clock, database_url: str) -> None:
    household = returned(clock)
    before = fields.of(household)
    with psycopg.connect(libpq_url(database_url)) as superuser:
        superuser.execute("DELETE FROM household_version")
    db.session.expire_all()
    assert versions.fields_at(db.session.get_one(Household, household.id), 1) == before
    data = make.a_registration(address="Nhà bên suối")
    services.resubmit(actor=make.a_team_member(), household_id=household.id, data=data, clock=clock)
    assert versions.fields_at(db.session.get_one(Household, household.id), 1) == before


def test_another_commune_reads_no_version(clock: Clock) -> None:
    make.register(clock=clock)
    count = sa.select(sa.func.count()).select_from(HouseholdVersion)
    for actor, seen in ((make.an_officer(make.DAI_PHUC), 0), (make.an_officer(), 1), (SYSTEM, 1)):
        db.session.rollback()
        with acting_as(actor):
            assert db.session.scalar(count) == seen
    db.session.rollback()


def test_erasing_the_household_erases_its_versions(clock: Clock) -> None:
    household = make.register(clock=clock)
    with transaction():
        crypto.destroy_data_key(household.data_key_id, clock=clock)
    with pytest.raises(crypto.KeyDestroyed):
        versions.history(household.id)
