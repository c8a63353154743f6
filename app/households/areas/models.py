"""Tables of administrative units. Reference data: loaded from `data/`, the same for everybody."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model

KINDS = ("province", "commune", "hamlet")


class Area(Model):
    """A unit in force. Codes: provinces two digits, communes five, hamlets `<commune>-<nn>`.

    `unit` is the word for it (xã, phường, đặc khu, xóm, …), `name` the full name with that word, `search_name` the
    name as `core.texts.fold` makes it. Latitude and longitude are of the unit's centre, WGS 84 degrees.
    """

    __tablename__ = "area"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('province', 'commune', 'hamlet')", name="kind"),
        sa.CheckConstraint("(kind = 'province') = (parent_code IS NULL)", name="parent"),
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


class AreaChange(Model):
    """Where an old commune (before July 2025) went. A split one has rows with `choose`; `main` is the larger part."""

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
