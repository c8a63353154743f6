"""What this room refuses."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import AppError


class PayoutNotFound(AppError):
    """There is no such payout."""

    status, code = 404, "card_payout_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không có đợt trả tiền này của cổng thẻ."))
