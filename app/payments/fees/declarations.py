"""A month's declaration: what each seller took, what of it was kept for state and platform, what went back.

Months and days are Vietnam's; all amounts in đồng. Payments and refunds lie in the rooms above, so they are read here
by the names of their tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask_babel import gettext as _

from app.core.clock import VIETNAM
from app.core.database import db
from app.core.errors import BadInput
from app.core.paging import Page, decode_uuid_cursor, encode_cursor

FILE_BATCH = 1_000
_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")

# Money that was given to a request by mistake and taken back again is no turnover. Taken back in a later month it
# lessens that month's: the month it came in was declared by then.
_ROWS = """
    SELECT arrival.payee_id,
           CASE request.settlement WHEN 'collected' THEN arrival.amount_vnd ELSE 0 END AS collected_vnd,
           CASE request.settlement WHEN 'direct' THEN arrival.amount_vnd ELSE 0 END AS direct_vnd,
           0 AS vat_vnd, 0 AS income_tax_vnd, 0 AS commission_vnd,
           0 AS vat_back_vnd, 0 AS income_tax_back_vnd, 0 AS commission_back_vnd
    FROM arrival
    JOIN payment_request AS request ON request.id = arrival.request_id
    JOIN payee ON payee.id = arrival.payee_id AND payee.kind = 'shop'
    WHERE arrival.event_at >= :since AND arrival.event_at < :until
      AND NOT EXISTS (SELECT FROM ledger_closing AS closing JOIN ledger_transfer AS back
                      ON back.id = closing.closed_by_id AND back.event_at < :until
                      WHERE closing.transfer_id = arrival.transfer_id)
    UNION ALL
    SELECT arrival.payee_id,
           CASE request.settlement WHEN 'collected' THEN -arrival.amount_vnd ELSE 0 END,
           CASE request.settlement WHEN 'direct' THEN -arrival.amount_vnd ELSE 0 END, 0, 0, 0, 0, 0, 0
    FROM ledger_transfer AS back
    JOIN payment_request AS request ON back.purpose_kind = 'payment_request' AND request.id = back.purpose_id
    JOIN arrival ON arrival.request_id = request.id AND arrival.transfer_id = back.reverses_id
    JOIN payee ON payee.id = arrival.payee_id AND payee.kind = 'shop'
    WHERE back.reverses_id IS NOT NULL AND back.event_at >= :since AND back.event_at < :until
      AND arrival.event_at < :since
    UNION ALL
    SELECT payee_id, 0, 0,
           CASE kind WHEN 'vat' THEN amount_vnd ELSE 0 END, CASE kind WHEN 'income_tax' THEN amount_vnd ELSE 0 END,
           CASE kind WHEN 'commission' THEN amount_vnd ELSE 0 END, 0, 0, 0
    FROM fee_charge WHERE charged_on >= :first AND charged_on < :next
    UNION ALL
    SELECT payee_id, 0, 0, 0, 0, 0,
           CASE kind WHEN 'vat' THEN amount_vnd ELSE 0 END, CASE kind WHEN 'income_tax' THEN amount_vnd ELSE 0 END,
           CASE kind WHEN 'commission' THEN amount_vnd ELSE 0 END
    FROM fee_return WHERE returned_on >= :first AND returned_on < :next
"""
_SUMS = """
    coalesce(sum(collected_vnd), 0)::bigint, coalesce(sum(direct_vnd), 0)::bigint,
    coalesce(sum(vat_vnd), 0)::bigint, coalesce(sum(income_tax_vnd), 0)::bigint,
    coalesce(sum(commission_vnd), 0)::bigint, coalesce(sum(vat_back_vnd), 0)::bigint,
    coalesce(sum(income_tax_back_vnd), 0)::bigint, coalesce(sum(commission_back_vnd), 0)::bigint
"""
_SELLERS = f"""
    SELECT payee_id, {_SUMS} FROM ({_ROWS}) AS moved
    WHERE CAST(:after AS uuid) IS NULL OR payee_id > CAST(:after AS uuid)
    GROUP BY payee_id ORDER BY payee_id LIMIT :most
"""  # noqa: S608 - our own text
_TOTAL = f"SELECT {_SUMS}, count(DISTINCT payee_id) FROM ({_ROWS}) AS moved"  # noqa: S608 - our own text


@dataclass(frozen=True)
class Month:
    """A month in Vietnam."""

    first: date

    @property
    def next(self) -> date:
        """The first day after it."""
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def name(self) -> str:
        """`2026-11`."""
        return f"{self.first:%Y-%m}"


@dataclass(frozen=True)
class Sums:
    """A month's sums. `direct_vnd` went straight to the seller's own account, so nothing could be kept back of it."""

    collected_vnd: int
    direct_vnd: int
    vat_vnd: int
    income_tax_vnd: int
    commission_vnd: int
    vat_back_vnd: int
    income_tax_back_vnd: int
    commission_back_vnd: int

    @property
    def back_vnd(self) -> int:
        """What went back with refunds in the month, of all kinds."""
        return self.vat_back_vnd + self.income_tax_back_vnd + self.commission_back_vnd

    @property
    def net_vat_vnd(self) -> int:
        """Below zero when more went back than was kept."""
        return self.vat_vnd - self.vat_back_vnd

    @property
    def net_income_tax_vnd(self) -> int:
        """Below zero when more went back than was kept."""
        return self.income_tax_vnd - self.income_tax_back_vnd

    @property
    def net_tax_vnd(self) -> int:
        """What the state is due for the month."""
        return self.net_vat_vnd + self.net_income_tax_vnd

    @property
    def net_commission_vnd(self) -> int:
        """What the platform keeps for the month."""
        return self.commission_vnd - self.commission_back_vnd


@dataclass(frozen=True)
class Declared:
    """One seller's line."""

    payee_id: UUID
    sums: Sums


@dataclass(frozen=True)
class Charged:
    """One charge, or what went back of one (`amount_vnd` is then below zero), for the look behind a line."""

    id: UUID
    request_code: str
    label: str
    kind: str
    rate_bp: int
    legal_source: str
    base_vnd: int | None
    amount_vnd: int
    event_at: datetime


def month_of(text: str) -> Month:
    """`2026-11` as a month.

    Raises:
        BadInput: it is not one.
    """
    if not _MONTH.fullmatch(text):
        sentence = _("Tháng ghi như 2026-11.")
        raise BadInput(sentence, errors={"month": [sentence]})
    return Month(date.fromisoformat(f"{text}-01"))


def month_at(day: date) -> Month:
    """The month of a day."""
    return Month(day.replace(day=1))


def total(month: Month) -> tuple[Sums, int]:
    """All sellers together, and how many they are."""
    *sums, sellers = db.session.execute(sa.text(_TOTAL), _days(month)).one()
    return Sums(*sums), sellers


def page(month: Month, *, cursor: str | None = None, limit: int = 50) -> Page[Declared]:
    """Sellers with any turnover, charge or return in the month, in the order of their ids."""
    after = decode_uuid_cursor(cursor) if cursor else None
    rows = db.session.execute(sa.text(_SELLERS), {**_days(month), "after": after, "most": limit + 1}).all()
    items = [Declared(row[0], Sums(*row[1:])) for row in rows[:limit]]
    return Page(items, encode_cursor(str(items[-1].payee_id)) if len(rows) > limit else None)


def every(month: Month) -> Iterator[Declared]:
    """All of them, read once and a thousand at a time; for files."""
    rows = db.session.execute(
        sa.text(_SELLERS),
        {**_days(month), "after": None, "most": None},
        execution_options={"yield_per": FILE_BATCH},
    )
    for row in rows:
        yield Declared(row[0], Sums(*row[1:]))


def of_seller(month: Month, payee_id: UUID) -> Sums:
    """One seller's sums."""
    statement = sa.text(f"SELECT {_SUMS} FROM ({_ROWS}) AS moved WHERE payee_id = :payee_id")  # noqa: S608 - our own text
    return Sums(*db.session.execute(statement, {**_days(month), "payee_id": payee_id}).one())


def charges(month: Month, payee_id: UUID, *, cursor: str | None = None, limit: int = 50) -> Page[Charged]:
    """What was charged to one seller in the month and what went back, in the order it was written down."""
    after = decode_uuid_cursor(cursor) if cursor else None
    statement = sa.text(
        """
        SELECT line.id, request.code, request.label, line.kind, rule_charge.rate_bp, rule.legal_source, line.base_vnd,
               line.amount_vnd, line.event_at
        FROM (SELECT id, request_id, id AS charge_id, kind, base_vnd, amount_vnd, event_at FROM fee_charge
              WHERE payee_id = :payee_id AND charged_on >= :first AND charged_on < :next
              UNION ALL
              SELECT id, request_id, charge_id, kind, NULL, -amount_vnd, event_at FROM fee_return
              WHERE payee_id = :payee_id AND returned_on >= :first AND returned_on < :next) AS line
        JOIN payment_request AS request ON request.id = line.request_id
        JOIN fee_charge AS rule_charge ON rule_charge.id = line.charge_id
        JOIN fee_rule AS rule ON rule.id = rule_charge.rule_id
        WHERE CAST(:after AS uuid) IS NULL OR line.id > CAST(:after AS uuid)
        ORDER BY line.id LIMIT :most
        """
    )
    named = {**_days(month), "payee_id": payee_id, "after": after, "most": limit + 1}
    rows = db.session.execute(statement, named).all()
    items = [Charged(*row) for row in rows[:limit]]
    return Page(items, encode_cursor(str(items[-1].id)) if len(rows) > limit else None)


def _days(month: Month) -> dict[str, Any]:
    """Its bounds, as days and as moments."""
    midnight = datetime.min.time()
    return {
        "first": month.first,
        "next": month.next,
        "since": datetime.combine(month.first, midnight, tzinfo=VIETNAM),
        "until": datetime.combine(month.next, midnight, tzinfo=VIETNAM),
    }
