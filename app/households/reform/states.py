"""The life of a reform; what is not in the table raises."""

from __future__ import annotations

from enum import StrEnum

from app.core.states import stepper

from .models import ReformState


class Event(StrEnum):
    """What happens to a reform."""

    APPROVE = "approve"
    WITHDRAW = "withdraw"
    APPLY = "apply"


NEXT: dict[tuple[ReformState, Event], ReformState] = {
    (ReformState.PLANNED, Event.APPROVE): ReformState.APPROVED,
    (ReformState.PLANNED, Event.WITHDRAW): ReformState.WITHDRAWN,
    (ReformState.APPROVED, Event.WITHDRAW): ReformState.WITHDRAWN,
    (ReformState.APPROVED, Event.APPLY): ReformState.APPLIED,
}
step = stepper(NEXT, "a reform")
