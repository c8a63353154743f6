"""Joins stall sales to payments and to the check of the books, and markets to the areas they lie in."""

from __future__ import annotations

from flask import Flask

from app.households.reform.listeners import on_areas_moved
from app.payments.fees.models import Supply
from app.payments.fees.wiring import demand_charges_of
from app.payments.ledger.books import register_invariant
from app.payments.requests.purposes import register

from . import moving
from .handler import StallSalePurpose
from .operations import PURPOSE_KIND


def install(_app: Flask) -> None:
    """Name the handler, the invariant, and who follows when communes are rearranged."""
    register(PURPOSE_KIND, StallSalePurpose())
    on_areas_moved(moving.follow)
    demand_charges_of(PURPOSE_KIND, Supply.GOODS)
    register_invariant(
        "a stall sale is paid exactly when its one request is, and by its amount",
        """
        SELECT sale.id::text FROM stall_sale AS sale
        LEFT JOIN payment_request AS request
            ON request.purpose_kind = 'stall_sale' AND request.purpose_id = sale.id AND request.standing_code_id IS NULL
        WHERE NOT sale.standing
        GROUP BY sale.id
        HAVING count(request.id) <> 1
            OR (sale.status = 'paid') <> bool_or(request.status IN ('paid', 'refunded'))
            OR (sale.status = 'asked') <> bool_or(request.status IN ('asked', 'part_paid'))
            OR sale.amount_vnd <> max(request.amount_vnd)
        UNION ALL
        SELECT sale.id::text FROM stall_sale AS sale
        LEFT JOIN payment_request AS request ON request.id = sale.id
        WHERE sale.standing AND (request.id IS NULL OR request.standing_code_id IS NULL
            OR request.purpose_kind <> 'stall_sale' OR request.purpose_id <> sale.stall_id
            OR request.status NOT IN ('paid', 'refunded') OR request.amount_vnd <> sale.amount_vnd)
        """,
    )
