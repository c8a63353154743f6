"""The counts of the province's page, taken every few minutes so that the page never counts."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model


class CommuneWeek(Model):
    """What was new in a commune in the week that began on `week` (a Monday, in Vietnam).

    `registered` by when they came, `verified` by when they were approved, `selling` by when their shop opened; of what
    stands now.
    """

    __tablename__ = "commune_week"

    commune_code: Mapped[str] = mapped_column(sa.ForeignKey("area.code"), primary_key=True)
    week: Mapped[date] = mapped_column(primary_key=True)
    registered: Mapped[int]
    verified: Mapped[int]
    selling: Mapped[int]


class CommuneNow(Model):
    """A commune as it stands: welfare accounts, and its team in the last thirty days."""

    __tablename__ = "commune_now"

    commune_code: Mapped[str] = mapped_column(sa.ForeignKey("area.code"), primary_key=True)
    eligible: Mapped[int]
    with_account: Mapped[int]
    members: Mapped[int]
    active_members: Mapped[int]
    visits: Mapped[int]
    taken_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
