"""Tables of identity: people, their roles, one-time codes, tries to sign in, and text messages to send."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Model
from app.core.ids import uuid7
from app.identity.roles import Role

MAX_CODE_TRIES = 5
_ROLES = ", ".join(f"'{role}'" for role in Role)


class User(Model):
    """A person who can sign in. The phone is sealed under the person's own data key and found by its blind index.

    `fs_uniquifier` is what sessions and tokens name; changing it ends them all. `totp_enc` holds the sealed base32
    secret of the authenticator app, in force once `totp_confirmed_at` is set; `totp_last_step` is the last 30-second
    step whose code was used, so that no code works twice.
    """

    __tablename__ = "user_account"
    __table_args__ = (
        sa.UniqueConstraint("phone_index"),
        sa.UniqueConstraint("fs_uniquifier"),
        sa.CheckConstraint("length(display_name) BETWEEN 1 AND 120", name="display_name"),
        sa.CheckConstraint("totp_confirmed_at IS NULL OR totp_enc IS NOT NULL", name="totp"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    data_key_id: Mapped[UUID] = mapped_column(sa.ForeignKey("data_key.id"))
    phone_enc: Mapped[bytes]
    phone_index: Mapped[bytes]
    display_name: Mapped[str] = mapped_column(sa.Text)
    password_hash: Mapped[str | None] = mapped_column(sa.Text)
    fs_uniquifier: Mapped[str] = mapped_column(sa.Text)
    active: Mapped[bool]
    totp_enc: Mapped[bytes | None]
    totp_confirmed_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    totp_last_step: Mapped[int | None] = mapped_column(sa.BigInteger)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class RoleGrant(Model):
    """A role held for a while, over one area (`*` for everywhere) or for one household. Ended, never deleted."""

    __tablename__ = "role_grant"
    __table_args__ = (
        sa.CheckConstraint(f"role IN ({_ROLES})", name="role"),
        sa.CheckConstraint(
            "CASE WHEN role = 'household' THEN household_id IS NOT NULL AND area_code IS NULL"
            " ELSE household_id IS NULL AND area_code IS NOT NULL END",
            name="scope",
        ),
        sa.CheckConstraint("valid_to >= valid_from", name="period"),
        sa.CheckConstraint("granted_by <> user_id", name="not_to_oneself"),
        sa.Index("ix_role_grant_user_id", "user_id"),
        sa.Index("ix_role_grant_area_code", "area_code", postgresql_where=sa.text("area_code IS NOT NULL")),
        sa.Index(
            "uq_role_grant_open_area",
            "user_id",
            "role",
            "area_code",
            unique=True,
            postgresql_where=sa.text("valid_to IS NULL AND area_code IS NOT NULL"),
        ),
        sa.Index(
            "uq_role_grant_open_household",
            "household_id",
            "user_id",
            unique=True,
            postgresql_where=sa.text("valid_to IS NULL AND household_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    user_id: Mapped[UUID] = mapped_column(sa.ForeignKey("user_account.id"))
    role: Mapped[str] = mapped_column(sa.Text)
    area_code: Mapped[str | None] = mapped_column(sa.Text)
    household_id: Mapped[UUID | None]
    valid_from: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    valid_to: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    granted_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class OneTimeCode(Model):
    """A code asked for a phone number, known or not. Only its keyed hash is kept."""

    __tablename__ = "one_time_code"
    __table_args__ = (
        sa.CheckConstraint(f"tries BETWEEN 0 AND {MAX_CODE_TRIES}", name="tries"),
        sa.CheckConstraint("expires_at > created_at", name="period"),
        sa.Index("ix_one_time_code_phone_index_created_at", "phone_index", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    phone_index: Mapped[bytes]
    code_hash: Mapped[bytes]
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class SignInLink(Model):
    """A link that signs in once, sent to a phone number, known or not. Only the keyed hash of its secret is kept."""

    __tablename__ = "sign_in_link"
    __table_args__ = (
        sa.UniqueConstraint("token_hash"),
        sa.CheckConstraint("expires_at > created_at", name="period"),
        sa.Index("ix_sign_in_link_phone_index_created_at", "phone_index", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    phone_index: Mapped[bytes]
    token_hash: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))


class SignInTry(Model):
    """A try with a password or an authenticator code that did not succeed (or has not yet); too many lock the phone."""

    __tablename__ = "sign_in_try"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('password', 'totp')", name="kind"),
        sa.Index("ix_sign_in_try_phone_index_kind_at", "phone_index", "kind", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    phone_index: Mapped[bytes]
    kind: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))


class SmsMessage(Model):
    """A text message to send. Its id is the idempotency key at the gateway; number and text are sealed under a key of
    the message's own, which is destroyed when the message is old.

    `withheld` messages are never sent: they stand for numbers that nobody here has, so that asking for a code takes the
    same work either way.
    """

    __tablename__ = "sms_message"
    __table_args__ = (
        sa.CheckConstraint("status IN ('queued', 'sent', 'failed', 'withheld')", name="status"),
        sa.CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name="sent"),
        sa.Index("ix_sms_message_created_at", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    data_key_id: Mapped[UUID] = mapped_column(sa.ForeignKey("data_key.id"))
    to_enc: Mapped[bytes]
    text_enc: Mapped[bytes]
    status: Mapped[str] = mapped_column(sa.Text)
    provider_id: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    not_after: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
