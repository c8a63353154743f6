"""A few numbers for the first page: real counts that stay cheap however large the market grows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core.database import db
from app.market.catalogue import queries as catalogue
from app.market.places import queries as places

COUNTED_TO = 10_000


def figures() -> Sequence[tuple[int | str, str]]:
    """(number, words); what there is none of is left out. Counting stops at 10,000 and says so with a plus sign."""
    wanted = (
        (catalogue.live_products(), _("món hàng đang bày")),
        (catalogue.open_shops(), _("gian hàng của bà con")),
        (places.open_markets(), _("chợ phiên nhận quét mã")),
    )
    counts = db.session.execute(sa.select(*(_counted(query) for query, _words in wanted))).one()
    return [
        (f"{COUNTED_TO // 1000}.000+" if count > COUNTED_TO else count, words)
        for count, (_query, words) in zip(counts, wanted, strict=True)
        if count
    ]


def _counted(query: sa.Select[Any]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(query.limit(COUNTED_TO + 1).subquery()).scalar_subquery()
