"""After the journeys: nothing personal in logs, addresses, jobs, error pages or the public log.

Runs last (by its name). It opens every sealed number and address in the journeys' database, as only the program itself
can, and looks for each in everything that is kept in the open.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import httpx
import pytest
import sqlalchemy as sa

from app.core.crypto import unseal_by_id
from app.core.database import db
from app.core.phones import national
from app.households.registry.models import Household
from app.households.registry.people import Field, open_field, sales_account
from app.identity import queries as identity
from app.identity.models import User
from app.market.orders import contacts
from app.market.orders.models import Checkout
from app.payments.payees.models import BankAccount
from app.payments.payees.queries import account_number
from tests.journeys.conftest import Stand
from tests.journeys.test_gift import on

pytestmark = pytest.mark.journey

# What the open keeps: text of each table that no key seals. Sealed columns and blind indexes are bytes.
OPEN_TABLES = ("procrastinate_jobs", "procrastinate_events", "audit_event", "log_leaf", "log_checkpoint")
ERRORS = ("/khong-co", "/don-hang/DH00000000", "/api/v1/households/HG00000000", "/tra-tien/CP00000000", "/sap/QS000000")


def test_nothing_personal_was_left_in_the_open(stand: Stand) -> None:
    with on(stand):
        personal = set(_personal())
        kept = {table: _text_of(table) for table in OPEN_TABLES}
    assert len(personal) >= 20, "the journeys left nobody behind: is this the right database?"
    kept |= {f"log of {path.name}": path.read_text(errors="replace") for path in _logs(stand)}
    kept |= {f"the page {path}": httpx.get(stand.url + path).text for path in ERRORS}
    assert "GET /cho" in kept["log of web.log"], "addresses are not in the log, so nothing was looked for"
    assert kept["log_leaf"] and kept["audit_event"] and kept["procrastinate_jobs"]
    found = {where for where, text in kept.items() if any(one in text for one in personal)}
    assert found == set()


def _logs(stand: Stand) -> list[Path]:
    """Of our own programs; the sandbox plays the banks, the gateway and the phone network."""
    return [stand.folder / "web.log", stand.folder / "worker.log"]


def _personal() -> Iterator[str]:
    """Every citizen's number, phone, account number and address, as they might be written."""
    for home in db.session.scalars(sa.select(Household)):
        account = sales_account(home)
        fields = [open_field(home, field) for field in (Field.CITIZEN_ID, Field.PHONE, Field.ADDRESS)]
        yield from _forms(*fields, account.number if account else None)
    for number in db.session.scalars(sa.select(BankAccount)):
        yield from _forms(account_number(number))
    for user in db.session.scalars(sa.select(User)):
        yield from _forms(identity.phone_of(user))
    for checkout in db.session.scalars(sa.select(Checkout)):
        sealed = (contacts.PHONE_FIELD, checkout.contact_phone_enc), (contacts.ADDRESS_FIELD, checkout.address_line_enc)
        yield from _forms(*(unseal_by_id(checkout.data_key_id, name, blob) for name, blob in sealed))


def _forms(*texts: str | None) -> Iterator[str]:
    for text in filter(None, texts):
        yield from {text, quote(text), quote_plus(text)}
        if text.startswith("+84"):
            yield national(text)


def _text_of(table: str) -> str:
    if table == "log_leaf":
        return "\n".join(
            bytes(leaf).decode(errors="replace") for leaf in db.session.scalars(sa.text("SELECT leaf FROM log_leaf"))
        )
    return "\n".join(db.session.scalars(sa.text(f"SELECT t::text FROM {table} AS t")))
