"""The names of a household's people, for the one question whose name may stand on its welfare account."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from app.core.crypto import unseal_by_id
from app.core.database import db
from app.households.registry.models import Household

from .models import Member, Relation
from .people import NAME


def names(households: Sequence[Household]) -> dict[str, list[str]]:
    """By code: the members of today, in full; a contact stands in for a household and is none of it."""
    by_id = {one.id: one for one in households}
    rows = db.session.scalars(
        sa.select(Member).where(
            Member.household_id.in_(by_id), Member.removed_at.is_(None), Member.relation != Relation.CONTACT
        )
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        household = by_id[row.household_id]
        found.setdefault(household.code, []).append(unseal_by_id(household.data_key_id, NAME, row.name_enc))
    return found
