"""What a phone brought from the doorstep: a conflict that waits for a person, and a photo that was announced."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from app.core.clock import Clock
from app.core.database import acting_as
from app.households.onboarding import services
from app.households.onboarding.models import Kind, PhotoKind
from app.households.onboarding.records import Announced, Said, Sent
from app.households.registry.models import How, Purpose
from tests.factories.households import a_citizen_id, a_phone, a_team_member


@dataclass(frozen=True)
class Doorstep:
    """Ids of a conflict of two edits, and of a photo none of which has come."""

    conflict: UUID
    photo: UUID


def some_doorstep(hamlet: str, *, clock: Clock) -> Doorstep:
    """Brought by a member of the hamlet."""
    now = clock.now()
    actor = a_team_member(hamlet)
    photo = Announced(uuid4(), PhotoKind.HOUSE, "image/jpeg", 12, hashlib.sha256(b"made-up").digest())

    def bring(kind: Kind, fields: dict[str, str | None], **more: Any) -> Any:
        record = Sent(id=uuid4(), kind=kind, made_at=now, sent_at=now, fields=fields, **more)
        [result] = services.sync(actor=actor, records=[record], clock=clock)
        return result

    with acting_as(actor):
        told: dict[str, str | None] = {
            "head_name": "Nguyễn Thị Thử", "citizen_id": a_citizen_id(), "phone": a_phone(), "phone_is_contact": "",
            "address": "Nhà sau đình xóm", "hamlet_code": hamlet,
        }  # fmt: skip
        yes = (Said(Purpose.SELLING, How.SPOKEN, now),)
        code = bring(Kind.REGISTRATION, told, consents=yes, photos=(photo,)).household_code
        for address in ("Nhà bên suối", "Nhà trên đồi"):
            clash = bring(Kind.EDIT, {"address": address}, household_code=code, base_version=1)
    assert clash.conflict_id, clash
    return Doorstep(clash.conflict_id, photo.id)
