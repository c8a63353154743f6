"""Records of the doorstep for the example: two phones that changed one address each in its own way, and photos."""

from __future__ import annotations

import hashlib
import io
import math
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from PIL import Image, ImageDraw

from app.core.actor import Actor
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as
from app.core.vault import vault
from app.households.onboarding import services
from app.households.onboarding.models import Kind, PhotoKind
from app.households.onboarding.photos import Part
from app.households.onboarding.records import Announced, Sent
from app.households.registry import queries as registry
from app.households.registry.models import Household, Status
from app.households.registry.queries import Filter
from app.identity import queries as people

from .people import MEMBER

ADDRESSES = ("Nhà thứ hai bên phải cổng xóm", "Nhà sau nhà văn hóa xóm")


def bring_two_words(officer_phone: str) -> bool:
    """Have a team member of this officer's commune send two edits of the same version of a household, so that one
    waits on the desk of conflicts: on that of the member one can sign in as, when they registered one that waits.

    Returns:
        Whether there was a registration that waits, to do so with.
    """
    officer = people.by_phone(officer_phone)
    if officer is None:
        return False
    chosen = _of_the_demo_member() or _of_anybody(people.actor_of(officer, clock=SYSTEM_CLOCK))
    if chosen is None:
        return False
    actor, household = chosen
    made_at = SYSTEM_CLOCK.now() - timedelta(hours=3)
    first = Sent(
        id=uuid4(),
        kind=Kind.EDIT,
        made_at=made_at,
        sent_at=SYSTEM_CLOCK.now(),
        fields={"address": ADDRESSES[0]},
        household_code=household.code,
        base_version=household.version,
        seconds_spent=95,
    )
    drawn = ((PhotoKind.HOUSE, _house()), (PhotoKind.SIGNATURE, _signature()))
    shots = {_announced(kind, shot): shot for kind, shot in drawn}
    second = replace(first, id=uuid4(), fields={"address": ADDRESSES[1]})
    services.sync(actor=actor, records=[replace(first, photos=tuple(shots)), second], clock=SYSTEM_CLOCK)
    with acting_as(actor):
        for photo, shot in shots.items():
            part = Part(0, shot, len(shot))
            services.take_photo_part(actor=actor, photo_id=photo.id, part=part, vault=vault(), clock=SYSTEM_CLOCK)
    return True


def _of_the_demo_member() -> tuple[Actor, Household] | None:
    """A registration that waits in the hamlet of the member one can sign in as, best one of their own."""
    user = people.by_phone(MEMBER)
    if user is None:
        return None
    actor = people.actor_of(user, clock=SYSTEM_CLOCK)
    with acting_as(actor):
        found = registry.listing(actor, Filter(status=Status.SUBMITTED), cursor=None, limit=20).items
    found = sorted(found, key=lambda home: home.registered_by != user.id)
    return (actor, found[0]) if found else None


def _of_anybody(officer: Actor) -> tuple[Actor, Household] | None:
    with acting_as(officer):
        found = registry.listing(officer, Filter(status=Status.SUBMITTED), cursor=None, limit=1).items
        member = people.get(found[0].registered_by) if found else None
    return (people.actor_of(member, clock=SYSTEM_CLOCK), found[0]) if member else None


def _announced(kind: PhotoKind, shot: bytes) -> Announced:
    return Announced(uuid4(), kind, "image/png", len(shot), hashlib.sha256(shot).digest())


def _house() -> bytes:
    """A house as a child draws it."""
    image = Image.new("RGB", (960, 720), (222, 236, 224))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 560, 960, 720), fill=(150, 176, 110))
    pen.rectangle((250, 330, 710, 600), fill=(236, 214, 170))
    pen.polygon(((200, 340), (480, 150), (760, 340)), fill=(160, 78, 54))
    pen.rectangle((440, 430, 530, 600), fill=(98, 68, 48))
    return _png(image)


def _signature() -> bytes:
    """A stroke nobody signs with."""
    image = Image.new("RGB", (600, 240), "white")
    points = [(60 + step * 4, 120 + round(60 * math.sin(step / 5) * (1 - step / 140))) for step in range(120)]
    ImageDraw.Draw(image).line(points, fill=(20, 40, 90), width=5, joint="curve")
    return _png(image)


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
