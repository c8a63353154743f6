"""A person of the finance office has a message in an inbox handled now, once, and sees how often it was tried."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.core.ids import uuid7
from app.identity.roles import Role
from app.payments.bank import matching
from app.payments.bank import services as bank
from app.payments.bank.models import BankNotice, NoticeAllocation
from app.payments.cards import operations as card_operations
from app.payments.cards import services as cards
from app.payments.cards.events import Told
from tests.factories.payments import make_payee, make_purpose
from tests.factories.people import make_user, post_form, sign_in
from tests.web.test_stuck import NOTHING, PAGE, before, notice_from, page_of


class Fault(Exception):
    """What nobody foresaw."""


def fail(*_args: object, **_kwargs: object) -> None:
    raise Fault


@pytest.fixture(autouse=True)
def _finance(app: Flask, client) -> None:
    make_purpose()
    sign_in(client, make_user(Role.FINANCE))


def press(client, address: str) -> str:
    assert post_form(client, address).status_code == 303
    return page_of(client)


def acts() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(AuditEvent.action).where(AuditEvent.action.like("%_tried"))))


def test_a_notice_that_failed_is_counted_and_handled_once_when_somebody_tries_again(client, monkeypatch):
    notice_id = notice_from(before(minutes=30), make_payee()[1])
    address = f"{PAGE}/bao-co/{notice_id}/thu-lai"
    with monkeypatch.context() as broken:
        broken.setattr(matching, "match", fail)
        assert bank.pump(clock=SYSTEM_CLOCK) == 0
        page = page_of(client)
        assert f'action="{address}"' in page
        assert "Đã thử 1 lần" in page
        assert "Vẫn chưa ghi sổ được" in press(client, address)
        assert "Đã thử 2 lần" in page_of(client)
    for _time in range(2):
        assert "Đã ghi sổ xong" in press(client, address)
    assert NOTHING in page_of(client)
    assert db.session.get_one(BankNotice, notice_id).attempts == 3
    assert db.session.scalar(sa.select(sa.func.count()).select_from(NoticeAllocation)) == 1
    assert acts() == ["bank.notice_tried"] * 3


def test_a_card_event_that_failed_is_handled_when_somebody_tries_again(client, monkeypatch):
    clock = before(minutes=30)
    event_id = cards.take_in(b"{}", Told("evt_1", "charge.updated", clock.now()), clock=clock)
    address = f"{PAGE}/tin-the/{event_id}/thu-lai"
    with monkeypatch.context() as broken:
        broken.setattr(card_operations, "take_word", fail)
        assert "Vẫn chưa ghi sổ được" in press(client, address)
        assert "Đã thử 1 lần" in page_of(client)
    assert "Đã ghi sổ xong" in press(client, address)
    assert NOTHING in page_of(client)
    assert acts() == ["cards.event_tried"] * 2


def test_only_the_finance_office_tries_again_and_only_what_is_there(app: Flask, client):
    for what in ("bao-co", "tin-the"):
        assert post_form(client, f"{PAGE}/{what}/{uuid7()}/thu-lai").status_code == 404
    assert post_form(client, f"{PAGE}/khac/{uuid7()}/thu-lai").status_code == 404
    notice_id = notice_from(before(minutes=30), make_payee()[1])
    auditor = app.test_client()
    sign_in(auditor, make_user(Role.AUDITOR))
    assert post_form(auditor, f"{PAGE}/bao-co/{notice_id}/thu-lai").status_code == 403
    assert "Thử lại" not in page_of(auditor)
    assert acts() == []
