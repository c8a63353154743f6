"""The loading itself: one transaction, so that an interrupted load leaves nothing behind."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import psycopg
import sqlalchemy as sa
from flask import current_app

from app.config import Config, libpq_url
from app.core import audit
from app.core.actor import SYSTEM
from app.core.clock import SYSTEM_CLOCK
from app.core.database import acting_as, db, transaction
from app.core.ids import uuid7
from app.core.media import store
from app.market.catalogue.photos import StoredPhoto
from app.web.province.services import take_counts

from .assisted import bring_assisted
from .doorstep import bring_two_words
from .fieldwork import bring_fieldwork
from .hamlets import make_hamlets
from .homes import Homes
from .markets import make_markets
from .people import OFFICER, Crowd, People, add_demo_people
from .pictures import Kind, draw_all
from .progress import Progress
from .scales import Scale, scale_of
from .seeds import chance
from .shops import Shops
from .tables import COLUMNS, Tables

LOADED = "example_loaded"
BATCH = 2_000
# One long transaction of bulk writes: no time-out, and room to sort what goes into the search index.
_SETTINGS = "SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '128MB'; SET LOCAL gin_pending_list_limit = '64MB'"


def load_example(scale: str, *, say: Callable[[str], None]) -> None:
    """Fill an empty database with the example province; one that holds data already is left as it is.

    Needs an application context and the reference data of areas.

    Args:
        scale: `small` or `province`.
        say: told, in short lines, what goes on.

    Raises:
        ValueError: no such scale.
        LookupError: areas are not loaded.
        RuntimeError: in production, since everybody knows the example's passwords.
    """
    config: Config = current_app.config["CHOPHIEN"]
    if config.is_production:
        raise RuntimeError("the example province has known passwords: refused when APP_ENV is production")
    size = scale_of(scale)
    with acting_as(SYSTEM):
        there = _what_is_there()
    if there is not None:
        if there != scale:
            say(f"Đã có dữ liệu {there or 'khác'}, giữ nguyên / data is there already, left as it is (make demo-reset)")
        return
    started = time.monotonic()
    say(
        f"Nạp tỉnh mẫu / loading the example province ({scale}): {_grouped(size.households)} hộ / households, "
        f"{_grouped(size.products)} mặt hàng / products …"
    )
    pictures = draw_all(store())
    with transaction(actor=SYSTEM) as session:
        session.execute(sa.text(_SETTINGS))
        _fill(Tables(session), size, pictures, Progress(size.rows, say=say))
        audit.record(LOADED, actor=SYSTEM, subject_kind="example", subject_id=uuid7(), clock=SYSTEM_CLOCK, scale=scale)
    _bring_work()
    _gather_statistics()
    say(f"Xong sau {time.monotonic() - started:.1f} s / loaded")


def _bring_work() -> None:
    """What people did since, through the services they use; in a transaction that begins anew and sees the province."""
    db.session.rollback()
    with acting_as(SYSTEM):
        bring_two_words(OFFICER)
        bring_fieldwork()
        bring_assisted()
    take_counts(clock=SYSTEM_CLOCK)


def _fill(tables: Tables, scale: Scale, pictures: dict[Kind, list[StoredPhoto]], progress: Progress) -> None:
    now = SYSTEM_CLOCK.now()
    communes = make_hamlets(tables, scale)
    people = People()
    homes = Homes(tables, scale, communes, people, now=now)
    shops = Shops(tables, scale, pictures, now=now)
    operator = add_demo_people(people, household_ids=homes.demo_ids)
    crowd = Crowd(tables, granted_by=operator, now=now, chance=chance("crowd"))
    crowd.add_officers(people, communes)
    crowd.add_members(people, communes, scale)
    tables.flush()
    progress.step(scale.members)
    waiting = 0
    for home in homes.make():
        waiting += 1 + shops.open_for(home)
        if waiting >= BATCH:
            tables.flush()
            progress.step(waiting)
            waiting = 0
    tables.flush()
    make_markets(tables, scale, communes, shops.sellers, now=now)
    progress.step(waiting)


def _what_is_there() -> str | None:
    """The scale loaded before; empty for data that is not ours; None for an empty database."""
    event = db.session.execute(
        sa.select(audit.AuditEvent.details).where(audit.AuditEvent.action == LOADED).limit(1)
    ).scalar_one_or_none()
    if event is not None:
        return str(event.get("scale", ""))
    used = db.session.scalar(sa.text("SELECT EXISTS (SELECT FROM user_account) OR EXISTS (SELECT FROM household)"))
    db.session.rollback()
    return "" if used else None


def _gather_statistics() -> None:
    """Let the planner know the new sizes at once, when the tables' owner can be reached; else it learns by itself."""
    url = os.environ.get("MIGRATION_DATABASE_URL")
    if not url:
        return
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        for table in COLUMNS:
            connection.execute(f"VACUUM (ANALYZE) {table}")


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", ".")
