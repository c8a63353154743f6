"""Markets follow when their commune ends: to the part that took most of it."""

from __future__ import annotations

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.database import require_transaction
from app.households.reform.listeners import Moved

from .models import Market


def follow(moved: Moved, _clock: Clock) -> None:
    """Give markets of communes that ended the commune of today; one of a name already there is told apart by its old
    commune's code."""
    session = require_transaction()
    for old, (main, *_rest) in moved.communes.items():
        taken = sa.select(Market.name).where(Market.commune_code == main)
        session.execute(
            sa.update(Market)
            .where(Market.commune_code == old)
            .values(
                commune_code=main,
                name=sa.case((Market.name.in_(taken), Market.name + " (" + old + ")"), else_=Market.name),
            )
        )
