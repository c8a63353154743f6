"""Shops and their goods follow their household when communes are rearranged."""

from __future__ import annotations

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.database import require_transaction
from app.households.reform.listeners import Moved
from app.households.registry import queries as registry

from .models import Product, Shop


def follow(moved: Moved, _clock: Clock) -> None:
    """Give shops and products the commune that their household lies in now."""
    session = require_transaction()
    home = registry.communes_of(moved.hamlets.values()).subquery()
    session.execute(
        sa.update(Shop)
        .where(Shop.household_id == home.c.id, Shop.commune_code != home.c.commune_code)
        .values(commune_code=home.c.commune_code)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        sa.update(Product)
        .where(Product.shop_id == Shop.id, Shop.household_id == home.c.id, Product.commune_code != Shop.commune_code)
        .values(commune_code=Shop.commune_code)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
