"""A refund as programs see it."""

from __future__ import annotations

from typing import Any

from app.payments.refunds.models import Refund
from app.payments.refunds.schemas import RefundSchema


def present(refund: Refund, *, request_code: str) -> dict[str, Any]:
    """The refund for `RefundSchema`."""
    shown = {name: getattr(refund, name) for name in RefundSchema().fields if name not in ("request_code", "lines")}
    return shown | {"request_code": request_code, "lines": refund.lines or []}
