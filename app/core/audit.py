"""The append-only record of who did what. The `app` role may add and read, never change or delete."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.actor import Actor
from app.core.clock import Clock
from app.core.database import Model, require_transaction
from app.core.ids import uuid7


class AuditEvent(Model):
    """One act: registered, approved, unmasked, attached. `details` never holds personal data."""

    __tablename__ = "audit_event"
    __table_args__ = (
        sa.Index("ix_audit_event_subject", "subject_kind", "subject_id", "id"),
        sa.Index("ix_audit_event_actor", "actor_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    actor_id: Mapped[UUID | None]
    actor_label: Mapped[str]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    request_id: Mapped[str | None]


def record_all(
    acts: Sequence[tuple[str, UUID, dict[str, Any]]], *, actor: Actor, subject_kind: str, clock: Clock
) -> None:
    """Add many acts of one person in one statement; needs an open transaction.

    Args:
        acts: (action, subject's id, details) of each.
    """
    common = {
        "at": clock.now(),
        "actor_id": actor.user_id,
        "actor_label": actor.label,
        "subject_kind": subject_kind,
        "request_id": structlog.contextvars.get_contextvars().get("request_id"),
    }
    rows = [
        common | {"id": uuid7(), "action": action, "subject_id": subject_id, "details": details}
        for action, subject_id, details in acts
    ]
    if rows:
        require_transaction().execute(sa.insert(AuditEvent), rows)


def record(
    action: str, *, actor: Actor, subject_kind: str, subject_id: UUID, clock: Clock, **details: Any
) -> AuditEvent:
    """Add one act; needs an open transaction, and lands or falls with it."""
    entry = AuditEvent(
        at=clock.now(),
        actor_id=actor.user_id,
        actor_label=actor.label,
        action=action,
        subject_kind=subject_kind,
        subject_id=subject_id,
        details=details,
        request_id=structlog.contextvars.get_contextvars().get("request_id"),
    )
    require_transaction().add(entry)
    return entry
