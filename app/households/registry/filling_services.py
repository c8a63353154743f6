"""Writing what older households lack; batch by batch, so that it may stop and go on anywhere."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from app.core.actor import SYSTEM
from app.core.clock import Clock
from app.core.crypto import DataKey, load_keys
from app.core.database import transaction

from .models import Household
from .people import Field, near_index, open_field

BATCH = 500
AT_MOST = timedelta(minutes=5)


def fill_near(*, until: datetime, clock: Clock) -> int:
    """Write the index of near names where it is missing, until none is left or time is up; how many were written.

    A batch is one transaction; rows somebody changes just now write it themselves and are passed over.
    """
    written = 0
    while clock.now() < until and (done := _fill_batch()):
        written += done
    return written


def _fill_batch() -> int:
    # Erased households have no key any more, and nothing that could be found.
    alive = sa.exists().where(DataKey.id == Household.data_key_id, DataKey.destroyed_at.is_(None))
    with transaction(actor=SYSTEM) as session:
        found = session.scalars(
            sa.select(Household)
            .where(Household.near_index.is_(None), Household.status != "erased", alive)
            .order_by(Household.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True, key_share=True)
        ).all()
        load_keys({one.data_key_id for one in found})
        for one in found:
            name, number = open_field(one, Field.HEAD_NAME), open_field(one, Field.CITIZEN_ID)
            one.near_index = near_index(name or "", number or "")
    return len(found)
