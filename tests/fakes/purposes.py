"""A purpose that remembers what it was told."""

from __future__ import annotations

from uuid import UUID

from app.core.clock import Clock
from app.payments.requests.models import PaymentRequest
from app.payments.requests.purposes import PurposeView

KIND = "test_purpose"


class RememberingPurpose:
    """Registered under `test_purpose`; `paid` and `expired` list purpose ids in the order they were told."""

    def __init__(self) -> None:
        self.paid: list[UUID] = []
        self.expired: list[UUID] = []

    def on_paid(self, request: PaymentRequest, *, clock: Clock) -> None:
        self.paid.append(request.purpose_id)

    def on_expired(self, request: PaymentRequest, *, clock: Clock) -> None:
        self.expired.append(request.purpose_id)

    def describe(self, request: PaymentRequest) -> PurposeView:
        return PurposeView(payee_name="Gian hàng mẫu", title="Khoản mẫu", back_url="/", done_url="/")
