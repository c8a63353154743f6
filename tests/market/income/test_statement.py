"""The statement of a year: its text can be read, its numbers are the ledger's, and it is made at once."""

from __future__ import annotations

import builtins
import io
import re
import socket
import time
import zlib

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from PIL import Image

from app.core.audit import AuditEvent
from app.core.clock import SYSTEM_CLOCK, in_vietnam
from app.core.database import db, transaction
from app.identity.roles import Role
from app.market.income import pdf
from app.payments.ledger import operations as ledger
from app.payments.ledger.models import AccountKind
from tests.factories.market import make_seller
from tests.factories.people import make_user, sign_in
from tests.market.income.conftest import Selling
from tests.payments.ledger.accounts import make_account, move

YEAR = in_vietnam(SYSTEM_CLOCK.now()).year
OWN = f"/ban-hang/thu-nhap/{YEAR}.pdf"
MAX_S = 2.0


def texts_in(html: str) -> str:
    """What WeasyPrint's own boxes hold: the text that lands on the pages."""
    from weasyprint import HTML

    found: list[str] = []

    def walk(box) -> None:
        if getattr(box, "text", None):
            found.append(box.text)
        for child in getattr(box, "children", ()):
            walk(child)

    for page in HTML(string=html).render().pages:
        walk(page._page_box)
    return re.sub(r"\s+", " ", " ".join(found)).replace("\N{NO-BREAK SPACE}", " ")


def unpacked(data: bytes) -> bytes:
    """The file with its streams inflated."""
    parts = [data]
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.S):
        try:
            parts.append(zlib.decompress(packed))
        except zlib.error:
            continue
    return b"".join(parts)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages handed to the printer."""
    kept: list[str] = []
    real = pdf.from_html

    def keep(html: str) -> bytes:
        kept.append(html)
        return real(html)

    monkeypatch.setattr(pdf, "from_html", keep)
    return kept


def test_her_year_as_pdf_says_what_the_ledger_says(signed: FlaskClient, month: Selling, drawn: list[str]):
    answer = signed.get(OWN)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert (
        answer.headers["Content-Disposition"] == f'attachment; filename="thu-nhap-{month.seller.shop.code}-{YEAR}.pdf"'
    )
    assert answer.data.startswith(b"%PDF-")
    inside = unpacked(answer.data)
    assert b"ToUnicode" in inside and b"beginbfchar" in inside, "text that nobody can copy out"
    text = texts_in(drawn[0])
    for told in (
        f"Bảng kê thu nhập năm {YEAR}",
        "Statement of income",
        "Chè nhà bà Lan",
        "Chủ tài khoản nhận tiền / Account holder",
        "300.000 ₫", "500.000 ₫", "800.000 ₫", "100.000 ₫", "4.000 ₫", "2.000 ₫", "200.000 ₫",
        "194.000 ₫",
        "Nghị định",
        "1 %",
        "0,5 %",
        "Chưa hết năm",
    ):  # fmt: skip
        assert told in text, told


def test_it_shows_no_more_of_her_than_it_must(signed: FlaskClient, month: Selling, drawn: list[str]):
    signed.get(OWN)
    text = texts_in(drawn[0])
    assert re.search(r"Số định danh / Citizen id •+\d{3} ", text)
    assert not re.search(r"\d{12}", text)


def test_a_year_without_sales_is_a_statement_too(signed: FlaskClient, drawn: list[str]):
    assert signed.get(OWN).status_code == 200
    text = texts_in(drawn[0])
    assert ("Không có khoản nào trong năm" in text, "Trong năm không giữ lại khoản nào" in text) == (True, True)


@pytest.mark.parametrize("year", [1999, YEAR + 1, 9999])
def test_years_that_are_not_there_are_refused(signed: FlaskClient, year: int):
    assert signed.get(f"/ban-hang/thu-nhap/{year}.pdf").status_code == 422


def test_the_office_takes_it_and_that_is_written_down(client: FlaskClient, month: Selling):
    shop = month.seller.shop
    path = f"/dieu-hanh/thu-nhap/{shop.code}/{YEAR}.pdf"
    assert client.get(path).status_code in (302, 401)
    officer = make_user(role=Role.FINANCE)
    sign_in(client, officer)
    assert client.get(path).data.startswith(b"%PDF-")
    db.session.rollback()
    [noted] = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "income.statement_taken"))
    assert (noted.actor_id, noted.subject_id, noted.details["year"]) == (officer.id, shop.id, YEAR)
    assert client.get(f"/dieu-hanh/thu-nhap/GH22222222/{YEAR}.pdf").status_code == 404
    sign_in(client, make_user(role=Role.HOUSEHOLD, household_id=make_seller(clock=SYSTEM_CLOCK).shop.household_id))
    assert client.get(path).status_code == 403


@pytest.mark.parametrize("role", [Role.TEAM_MEMBER, Role.COMMUNE_OFFICER])
def test_others_take_no_statements(client: FlaskClient, selling: Selling, role: Role):
    sign_in(client, make_user(role=role))
    assert client.get(f"/dieu-hanh/thu-nhap/{selling.seller.shop.code}/{YEAR}.pdf").status_code == 403
    assert client.get("/dieu-hanh/thu-nhap").status_code == 403


def test_without_pango_the_page_says_so_kindly(signed: FlaskClient, monkeypatch: pytest.MonkeyPatch):
    real = builtins.__import__

    def without_pango(name: str, *rest, **more):
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_pango)
    answer = signed.get(OWN)
    assert (answer.status_code, "chưa cài phần tạo tệp PDF" in answer.text) == (503, True)
    assert signed.get("/ban-hang/thu-nhap").status_code == 200


def test_a_page_fetches_nothing():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.3)
        address = "http://{}:{}/x.png".format(*listening.getsockname())
        page = f'<p>chữ</p><img src="{address}"><link rel="stylesheet" href="{address}">'
        assert pdf.from_html(page).startswith(b"%PDF-")
        with pytest.raises(TimeoutError):
            listening.accept()


def test_after_a_statement_half_a_photo_is_still_no_photo():
    """The library that prints lets Pillow read broken pictures, everywhere in the process, once it is imported."""
    whole = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(whole, "JPEG")
    pdf.from_html("<p>chữ</p>")
    with pytest.raises(OSError, match="truncated"):
        Image.open(io.BytesIO(whole.getvalue()[: len(whole.getvalue()) // 2])).load()


@pytest.mark.slow
@pytest.mark.breaks_books  # bare transfers, of which no sale or payout tells
def test_five_thousand_sales_make_no_one_wait(signed: FlaskClient, selling: Selling):
    """A web worker makes it itself: months are all it holds, however much was sold."""
    outside = make_account(AccountKind.OUTSIDE_CARD, clock=SYSTEM_CLOCK)
    payable = make_account(AccountKind.PAYABLE, clock=SYSTEM_CLOCK, owner=str(selling.payee_id))
    bank = make_account(AccountKind.OUTSIDE_PAYEE, clock=SYSTEM_CLOCK)
    now = SYSTEM_CLOCK.now()
    for _batch in range(10):
        sold = [move(outside, payable, 1_000, at=now) for _each in range(500)]
        paid = [move(payable, bank, 10, at=now) for _each in range(500)]
        with transaction():
            ledger.post([*sold, *paid], clock=SYSTEM_CLOCK)
    signed.get(OWN)  # the printer is loaded once per worker
    began = time.perf_counter()
    assert signed.get(OWN).status_code == 200
    took = time.perf_counter() - began
    print(f"a year of 5,000 sales: {took:.2f} s")
    assert took < MAX_S
