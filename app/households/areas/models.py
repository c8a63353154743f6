"""Tables of administrative units. Reference data: loaded from `data/`, the same for everybody; reforms add to it."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model

KINDS = ("province", "commune", "hamlet")


class Area(Model):
    """A unit, in force as long as it has no `valid_to`. Codes: provinces two digits, communes five, hamlets
    `<commune>-<nn>`; a code is never given again. `valid_from` and `valid_to` are its first and last day.

    `unit` is the word for it (xã, phường, đặc khu, xóm, …), `name` the full name with that word, `search_name` the
    name as `core.texts.fold` makes it. Latitude and longitude are of the unit's centre, WGS 84 degrees.
    """

    __tablename__ = "area"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('province', 'commune', 'hamlet')", name="kind"),
        sa.CheckConstraint("(kind = 'province') = (parent_code IS NULL)", name="parent"),
        sa.CheckConstraint("valid_to >= valid_from - 1", name="validity"),  # the day before: made and ended on one day
        sa.Index("ix_area_parent_code", "parent_code", "code"),
        sa.Index(
            "ix_area_search_name", "search_name", postgresql_using="gin", postgresql_ops={"search_name": "gin_trgm_ops"}
        ),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    unit: Mapped[str]
    name: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(sa.ForeignKey("area.code"))
    search_name: Mapped[str]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    valid_from: Mapped[date] = mapped_column(server_default=sa.text("'2025-07-01'"))
    valid_to: Mapped[date | None]


class AreaChange(Model):
    """Where an old unit went: communes of before July 2025, and what later reforms ended, on `changed_on`.

    `new_code` is in force: a later reform adds rows for where that went. A split unit has rows with `choose`; `main` is
    the larger part.
    """

    __tablename__ = "area_change"
    __table_args__ = (
        sa.Index("ix_area_change_new_code", "new_code"),
        sa.Index(
            "ix_area_change_search_name",
            "search_name",
            postgresql_using="gin",
            postgresql_ops={"search_name": "gin_trgm_ops"},
        ),
    )

    old_code: Mapped[str] = mapped_column(primary_key=True)
    new_code: Mapped[str] = mapped_column(sa.ForeignKey("area.code"), primary_key=True)
    old_name: Mapped[str]
    old_parent: Mapped[str]
    search_name: Mapped[str]
    choose: Mapped[bool]
    main: Mapped[bool]
    changed_on: Mapped[date] = mapped_column(server_default=sa.text("'2025-07-01'"))
    decision_number: Mapped[str] = mapped_column(server_default=sa.text("''"))
