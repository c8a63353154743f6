"""Tables of households: personal fields sealed under the household's own data key, row-level security on each."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7


class Status(StrEnum):
    """How far a registration has come."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    VERIFIED = "verified"
    MERGED = "merged"
    ERASED = "erased"


class Purpose(StrEnum):
    """What a household's data may be used for; each is agreed to on its own."""

    SELLING = "selling"
    GIFT_PAGE = "gift_page"
    DIRECT_GIFT = "direct_gift"
    SYNDICATION = "syndication"
    CONTACT = "contact"


class How(StrEnum):
    """How a consent was given or taken back."""

    SPOKEN = "spoken"
    SIGNED = "signed"
    ONLINE = "online"


class PovertyClass(StrEnum):
    """Classes of Decree 07/2021."""

    POOR = "poor"
    NEAR_POOR = "near_poor"


class Household(Model):
    """One household. `client_id` was made on the phone that registered it; `content_mark` fingerprints what it sent.

    `returned_version` is what an officer saw when it was last sent back; `merged_into` the record that stands for it.
    """

    __tablename__ = "household"
    __table_args__ = (
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("client_id"),
        sa.UniqueConstraint("citizen_index"),
        sa.CheckConstraint("status IN ('submitted', 'returned', 'verified', 'merged', 'erased')", name="status"),
        sa.CheckConstraint("verified_by <> registered_by", name="four_eyes"),
        sa.CheckConstraint(
            "(status = 'verified') = (verified_by IS NOT NULL) AND (verified_by IS NULL) = (verified_at IS NULL)",
            name="verified",
        ),
        sa.CheckConstraint("(status = 'returned') = (return_reason IS NOT NULL)", name="returned"),
        sa.CheckConstraint("starts_with(hamlet_code, commune_code || '-')", name="hamlet"),
        sa.CheckConstraint("(phone_enc IS NULL) = (phone_index IS NULL)", name="phone"),
        sa.CheckConstraint("version >= 1", name="version"),
        sa.CheckConstraint("(status = 'merged') = (merged_into IS NOT NULL) AND merged_into <> id", name="merged"),
        sa.Index("ix_household_near_index", "near_index"),
        sa.Index("ix_household_merged_into", "merged_into", postgresql_where=sa.text("merged_into IS NOT NULL")),
        sa.Index("ix_household_commune_code_status", "commune_code", "status", "id"),
        sa.Index(
            "ix_household_status",
            "status",
            "id",
            postgresql_include=["commune_code", "hamlet_code", "registered_by", "created_at"],
        ),
        sa.Index("ix_household_hamlet_code", "hamlet_code", "id"),
        sa.Index("ix_household_registered_by", "registered_by", "id"),
        sa.Index("ix_household_phone_index", "phone_index"),
        sa.Index("ix_household_name_index", "name_index"),
        sa.Index("ix_household_created_at", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str]
    data_key_id: Mapped[UUID] = mapped_column(sa.ForeignKey("data_key.id"))
    commune_code: Mapped[str] = mapped_column(sa.ForeignKey("area.code"))
    hamlet_code: Mapped[str] = mapped_column(sa.ForeignKey("area.code"))
    head_name_enc: Mapped[bytes]
    name_index: Mapped[bytes]
    citizen_id_enc: Mapped[bytes]
    citizen_index: Mapped[bytes]
    phone_enc: Mapped[bytes | None]
    phone_index: Mapped[bytes | None]
    phone_is_contact: Mapped[bool]
    address_enc: Mapped[bytes]
    sales_account_enc: Mapped[bytes | None]
    status: Mapped[str]
    return_reason: Mapped[str | None]
    registered_by: Mapped[UUID]
    verified_by: Mapped[UUID | None]
    verified_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    client_id: Mapped[UUID]
    content_mark: Mapped[bytes]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    merged_into: Mapped[UUID | None] = mapped_column(sa.ForeignKey("household.id"))
    returned_version: Mapped[int | None]
    near_index: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class HouseholdVersion(Model):
    """The fields of a household at one version, sealed under its data key. Append-only."""

    __tablename__ = "household_version"
    __table_args__ = (
        sa.CheckConstraint("version >= 1", name="version"),
        sa.CheckConstraint("source IN ('doorstep', 'office', 'household', 'merge')", name="source"),
    )

    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    fields_enc: Mapped[bytes]
    changed_by: Mapped[UUID | None]
    source: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class HouseholdAmendment(Model):
    """A change to a verified household that waits for an officer who did not ask for it. `id` is the proposer's.

    `changes_enc` and, once accepted, `before_enc` are sealed JSON of fields, under the household's data key.
    """

    __tablename__ = "household_amendment"
    __table_args__ = (
        sa.CheckConstraint("base_version >= 1", name="base_version"),
        sa.CheckConstraint("source IN ('doorstep', 'office', 'household')", name="source"),
        sa.CheckConstraint("status IN ('waiting', 'accepted', 'refused', 'withdrawn')", name="status"),
        sa.CheckConstraint("decided_by <> proposed_by", name="four_eyes"),
        sa.CheckConstraint(
            "(status IN ('accepted', 'refused')) = (decided_by IS NOT NULL)"
            " AND (status = 'waiting') = (decided_at IS NULL)",
            name="decided",
        ),
        sa.CheckConstraint("(status = 'refused') = (reason IS NOT NULL)", name="refused"),
        sa.CheckConstraint("(status = 'accepted') = (before_enc IS NOT NULL)", name="accepted"),
        sa.Index("ix_household_amendment_household_id", "household_id", "created_at"),
        sa.Index("ix_household_amendment_waiting", "created_at", "id", postgresql_where=sa.text("status = 'waiting'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    base_version: Mapped[int]
    changes_enc: Mapped[bytes]
    before_enc: Mapped[bytes | None]
    content_mark: Mapped[bytes]
    source: Mapped[str]
    status: Mapped[str]
    proposed_by: Mapped[UUID]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class Consent(Model):
    """One yes or one no. Append-only: the row with the highest id of a purpose is what holds now.

    Evidence from the doorstep: when it was said by the phone's clock, the photo of the signature, who stood by
    (sealed), and the record it came in. `at` is when we learned of it.
    """

    __tablename__ = "consent"
    __table_args__ = (
        sa.CheckConstraint(
            "purpose IN ('selling', 'gift_page', 'direct_gift', 'syndication', 'contact')", name="purpose"
        ),
        sa.CheckConstraint("how IN ('spoken', 'signed', 'online')", name="how"),
        sa.Index("ix_consent_household_id_purpose", "household_id", "purpose", "id"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    purpose: Mapped[str]
    given: Mapped[bool]
    how: Mapped[str]
    witnessed_by: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    evidence_photo_id: Mapped[UUID | None]
    witness_name_enc: Mapped[bytes | None]
    said_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    record_id: Mapped[UUID | None]


class PovertyStatus(Model):
    """A commune's yearly decision about one household. `valid_from` and `valid_to` are both days on which it holds.

    A revoked decision counts on no day. The database refuses two that hold on the same day, and one that counts without
    a second person who approved it. It came with a list (`import_id`), of many households or of this one alone.
    """

    __tablename__ = "poverty_status"
    __table_args__ = (
        sa.CheckConstraint("class IN ('poor', 'near_poor')", name="class"),
        sa.CheckConstraint("valid_from <= valid_to", name="validity"),
        sa.CheckConstraint("year BETWEEN 2016 AND 2100", name="year"),
        sa.CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked"),
        sa.CheckConstraint("approved_by <> recorded_by", name="four_eyes"),
        sa.ForeignKeyConstraint(
            ["import_id", "recorded_by", "approved_by"],
            ["poverty_import.id", "poverty_import.created_by", "poverty_import.approved_by"],
            name="fk_poverty_status_people",
        ),
        sa.Index("ix_poverty_status_household_id", "household_id", "valid_to"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("household.id"))
    poverty_class: Mapped[str] = mapped_column("class")
    year: Mapped[int]
    decision_number: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    recorded_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    revoked_by: Mapped[UUID | None]
    import_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("poverty_import.id"))
    approved_by: Mapped[UUID | None]
