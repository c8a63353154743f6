"""A purpose that remembers what it was told."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from app.core.clock import Clock
from app.payments.fees.models import Supply
from app.payments.requests.models import PaymentRequest
from app.payments.requests.purposes import PurposeView

KIND = "test_purpose"


class RememberingPurpose:
    """Registered under `test_purpose`; its lists hold purpose ids in the order they were told.

    `refusal`, when set, is what it answers to more time and to being opened again. `payer` is who ought to pay.
    It sells nothing, so nothing is kept back, until `supply` says what.
    """

    def __init__(self) -> None:
        self.paid: list[UUID] = []
        self.expired: list[UUID] = []
        self.supply: Supply | None = None
        self.extended: list[UUID] = []
        self.reopened: list[UUID] = []
        self.refusal: Exception | None = None
        self.payer: UUID | None = None
        self.told_at: datetime | None = None  # as rooms do: they write down when

    def on_paid(self, request: PaymentRequest, *, clock: Clock) -> None:
        self.paid.append(request.purpose_id)
        self.told_at = clock.now()

    def on_expired(self, request: PaymentRequest, *, clock: Clock) -> None:
        self.expired.append(request.purpose_id)
        self.told_at = clock.now()

    def on_extended(self, request: PaymentRequest, *, clock: Clock) -> timedelta:
        if self.refusal is not None:
            raise self.refusal
        self.extended.append(request.purpose_id)
        return timedelta(minutes=30)

    def on_reopened(self, request: PaymentRequest, *, clock: Clock) -> timedelta:
        if self.refusal is not None:
            raise self.refusal
        self.reopened.append(request.purpose_id)
        return timedelta(hours=1)

    def payer_of(self, request: PaymentRequest) -> UUID | None:
        return self.payer

    def supply_of(self, request: PaymentRequest) -> Supply | None:
        return self.supply

    def describe(self, request: PaymentRequest) -> PurposeView:
        return PurposeView(payee_name="Gian hàng mẫu", title="Khoản mẫu", back_url="/", done_url="/")
