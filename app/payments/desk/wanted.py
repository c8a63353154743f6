"""What somebody asks of the desk."""

from __future__ import annotations

from dataclasses import dataclass

from app.payments.desk.models import Kind


@dataclass(frozen=True)
class Wish:
    """What somebody wants done with part of the money: a `request_code` to attach to, the `bank_reference` of the
    transfer that took it back to its sender, or the `credit_owner` it is kept for. The same money as another notice's
    needs none of them."""

    kind: Kind
    amount_vnd: int
    reason: str
    request_code: str | None = None
    bank_reference: str | None = None
    credit_owner: str | None = None
