"""The database session and the one transaction boundary.

`with transaction(actor=...)` is the only place that commits. Flushing outside it raises, and so does nesting, so a
half-done write can never slip out. Reading outside is fine and sees the same row-level security.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

import psycopg
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.sql import Literal
from sqlalchemy import event, orm
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.actor import GUEST, Actor

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Model(DeclarativeBase):
    """Base of every table."""

    registry = orm.registry(metadata=sa.MetaData(naming_convention=NAMING), type_annotation_map={str: sa.Text})


db = SQLAlchemy(model_class=Model, session_options={"expire_on_commit": False})

_actor: ContextVar[Actor] = ContextVar("actor", default=GUEST)
_OPEN = "transaction_open"
_RESTS_SINCE = "rests_since"
LONG_REST_S = 30
DEADLOCK = "40P01"
Params = ParamSpec("Params")
Result = TypeVar("Result")


class TransactionMisuse(RuntimeError):
    """Code broke the rule of the one boundary; a programming error, never shown to people as such."""


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Let every transaction begun inside see the rows this actor may see."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def set_request_actor(actor: Actor) -> None:
    """Set the actor for the rest of this request; what was read before as somebody else is let go."""
    if _actor.get() != actor:
        _actor.set(actor)
        _end_reading()


def current_actor() -> Actor:
    """The actor whose eyes the database sees with now."""
    return _actor.get()


@contextmanager
def transaction(*, actor: Actor | None = None) -> Iterator[Session]:
    """Open the one transaction of a use case; commit at the end, roll back on any exception.

    Args:
        actor: whose row-level rights apply; the current actor when left out.

    Raises:
        TransactionMisuse: one is open already, or something was changed outside of one.
    """
    session = db.session()
    if session.info.get(_OPEN):
        raise TransactionMisuse("a transaction is open already; operations do not open their own")
    if session.new or session.dirty or session.deleted:
        raise TransactionMisuse("objects were changed outside a transaction")
    session.rollback()
    token = _actor.set(actor if actor is not None else _actor.get())
    session.info[_OPEN] = True
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop(_OPEN, None)
        _actor.reset(token)


def again_after_deadlock(work: Callable[Params, Result]) -> Callable[Params, Result]:
    """Run a use case once more when the database ended it to resolve a deadlock: nothing of it happened.

    Only for a function that opens its own transaction and does nothing outside of it.
    """

    @wraps(work)
    def twice(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        try:
            return work(*args, **kwargs)
        except (sa.exc.DBAPIError, psycopg.Error) as error:  # the ledger speaks to the driver itself
            if getattr(getattr(error, "orig", error), "sqlstate", None) != DEADLOCK:
                raise
        return work(*args, **kwargs)

    return twice


def driver_of(session: Session) -> psycopg.Connection[Any]:
    """The session's own connection as psycopg has it: for the few statements where the ORM costs more than they do."""
    connection: psycopg.Connection[Any] = session.connection().connection.driver_connection  # type: ignore[assignment]
    return connection


def require_transaction() -> Session:
    """The session of the open transaction; for operations.

    Raises:
        TransactionMisuse: none is open.
    """
    session = db.session()
    if not session.info.get(_OPEN):
        raise TransactionMisuse("this needs an open transaction")
    return session


def install(app: Flask, database: SQLAlchemy) -> None:
    """Wire the guards onto sessions and connections; called once by create_app()."""
    if not event.contains(database.session, "after_begin", _set_row_security):
        event.listen(database.session, "after_begin", _set_row_security)
        event.listen(database.session, "before_flush", _refuse_stray_flush)
        event.listen(database.session, "before_commit", _refuse_stray_commit)
    app.teardown_appcontext(_let_go)  # before Flask-SQLAlchemy's own, which would fail the request
    with app.app_context():
        event.listen(database.engine, "connect", assume_role)
        event.listen(database.engine, "checkin", _note_rest)
        event.listen(database.engine, "checkout", _refuse_dead)


def _end_reading() -> None:
    """Let go of a transaction that only read. Its connection may have died: that undoes nothing of what was done."""
    if db.session().in_transaction():
        try:
            db.session.rollback()
        except sa.exc.DBAPIError:
            db.session().invalidate()


def _let_go(_error: BaseException | None = None) -> None:
    """Close the session at the end of a request or a thread's work, also when its connection has died."""
    if db.session.registry.has():
        try:
            db.session().close()
        except sa.exc.DBAPIError:
            db.session().invalidate()


def _set_row_security(session: Session, _transaction: Any, connection: sa.Connection) -> None:
    actor = _actor.get()
    if actor == GUEST:
        return  # the settings are local to a transaction; unset means: sees nothing scoped
    # At the head of every transaction, so in one message with its BEGIN, which the driver would send by itself.
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    begin = b"BEGIN; " if driver.info.transaction_status == TransactionStatus.IDLE else b""
    answer = driver.pgconn.exec_(begin + _settings(actor))
    if answer.status != ExecStatus.TUPLES_OK:
        raise psycopg.errors.error_from_result(answer)


@lru_cache(maxsize=1024)
def _settings(actor: Actor) -> bytes:
    """The statement that tells the database who acts."""
    settings = {
        "app.actor_id": str(actor.user_id or ""),
        "app.areas": ",".join(sorted(actor.areas)),
        "app.household_id": str(actor.household_id or ""),
    }
    calls = [f"set_config('{name}', {Literal(value).as_string()}, true)" for name, value in settings.items()]
    return f"SELECT {', '.join(calls)}".encode()


def _refuse_stray_flush(session: Session, _context: Any, _instances: Any) -> None:
    if not session.info.get(_OPEN) and (session.new or session.dirty or session.deleted):
        raise TransactionMisuse("a write outside `with transaction()`")


def _refuse_stray_commit(session: Session) -> None:
    if not session.info.get(_OPEN):
        raise TransactionMisuse("a commit outside `with transaction()`")


def _note_rest(_dbapi_connection: Any, record: Any) -> None:
    record.info[_RESTS_SINCE] = time.monotonic()


def _refuse_dead(dbapi_connection: Any, record: Any, _proxy: Any) -> None:
    """On checkout: let a connection go that the server has closed; the pool then opens another.

    A socket with something to read on a connection at rest means it was closed. One that rested long is asked: a
    firewall may have forgotten it without a word. Asking each time would cost as much as a small query.
    """
    if time.monotonic() - record.info.get(_RESTS_SINCE, time.monotonic()) > LONG_REST_S:
        try:
            dbapi_connection.execute("SELECT")
            dbapi_connection.rollback()
        except Exception:
            raise sa.exc.DisconnectionError("no answer after a long rest") from None
    elif dbapi_connection.closed or select.select([dbapi_connection], [], [], 0)[0]:
        raise sa.exc.DisconnectionError("closed by the server")


def assume_role(dbapi_connection: Any, _record: Any) -> None:
    """On connect: become the `app` role, which owns nothing, whoever logged in."""
    autocommit = dbapi_connection.autocommit
    dbapi_connection.autocommit = True
    with dbapi_connection.cursor() as cursor:
        cursor.execute("SET ROLE app; SET TIME ZONE 'UTC'; SET lock_timeout = '10s'; SET statement_timeout = '60s'")
    dbapi_connection.autocommit = autocommit
