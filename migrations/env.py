"""Alembic's entry: connects as whoever may migrate, works as the `migrator` role, which owns every table."""

from __future__ import annotations

import os

import sqlalchemy as sa
from alembic import context
from flask import current_app

from app.config import database_url
from app.core.database import Model

config = context.config


def _prepare(connection: sa.Connection) -> None:
    """Make sure the roles exist and step into `migrator`.

    A login that may create roles (a managed database's owner, say) is made a member of both where it is not one yet;
    a superuser, and a login that was given the role, need nothing.
    """
    for role in ("app", "migrator"):
        connection.execute(
            sa.text(
                f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN"
                f" CREATE ROLE {role} NOLOGIN; END IF;"
                f" EXCEPTION WHEN duplicate_object THEN NULL; END $$"
            )
        )
        lacks = f"session_user <> '{role}' AND NOT pg_has_role(session_user, '{role}', 'MEMBER')"
        may = "(SELECT rolcreaterole FROM pg_roles WHERE rolname = session_user)"
        if connection.scalar(sa.text(f"SELECT {lacks} AND {may}")):
            connection.execute(sa.text(f"GRANT {role} TO CURRENT_USER"))
    if connection.scalar(sa.text("SELECT session_user <> 'migrator'")):
        database = connection.scalar(sa.text("SELECT quote_ident(current_database())"))
        connection.execute(sa.text(f"GRANT CREATE ON DATABASE {database} TO migrator"))
        connection.execute(sa.text("GRANT CREATE, USAGE ON SCHEMA public TO migrator"))
        connection.execute(sa.text("SET ROLE migrator"))
    connection.commit()


def _run_online() -> None:
    url = os.environ.get("MIGRATION_DATABASE_URL") or current_app.config["SQLALCHEMY_DATABASE_URI"]
    engine = sa.create_engine(database_url(url), poolclass=sa.NullPool)
    with engine.connect() as connection:
        _prepare(connection)
        context.configure(connection=connection, target_metadata=Model.metadata, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


def _run_offline() -> None:
    context.configure(
        dialect_name="postgresql",
        target_metadata=Model.metadata,
        literal_binds=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    _run_offline()
else:
    _run_online()
