"""Finance imports statements on pages that work without a script; auditors read; nobody else comes in."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core.audit import AuditEvent
from app.core.database import db
from app.core.money import FOUR_EYES_VND
from app.identity.roles import Role
from app.payments.statements import readers, tasks
from app.payments.statements.models import StatementImport
from tests.factories.payments import make_payee
from tests.factories.people import make_user, sign_in
from tests.payments.statements.files import money_in, xlsx

pytestmark = pytest.mark.usefixtures("app")
PATH = "/dieu-hanh/sao-ke"


def send(client: FlaskClient, data: bytes, **more: str) -> str:
    """Upload as a browser does; where it leads, or the page's text."""
    token = client.get(PATH).text.split('name="csrf_token" value="')[1].split('"')[0]
    fields = {"csrf_token": token, **more}
    head = "".join(f'--B\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items())
    head += '--B\r\nContent-Disposition: form-data; name="file"; filename="sao-kê.xlsx"\r\n\r\n'
    body = head.encode() + data + b"\r\n--B--\r\n"
    answer = client.post(PATH, data=body, content_type="multipart/form-data; boundary=B")
    return answer.location or answer.text


def press(client: FlaskClient, page: str, what: str) -> int:
    token = client.get(page).text.split('name="csrf_token" value="')[1].split('"')[0]
    return client.post(f"{page}/{what}", data={"csrf_token": token}).status_code


def work_off() -> None:
    for import_id in db.session.scalars(sa.select(StatementImport.id)).all():
        tasks.work(import_id=str(import_id))
    db.session.rollback()


def test_from_upload_to_undo(client):
    sign_in(client, make_user(role=Role.FINANCE))
    number = make_payee()[1]
    assert "Chưa nhập sao kê nào" in client.get(PATH).text
    page = send(client, money_in(number, (50_000, "FT1", "khong ma"), (70_000, "FT2", "khong ma")))
    shown = client.get(page).text
    assert "chờ xem lại" in shown and number not in shown and number[-4:] in shown
    assert press(client, page, "ghi-so") == 303
    assert 'http-equiv="refresh"' in client.get(page).text
    work_off()
    shown = client.get(page).text
    assert "đã ghi sổ" in shown and "http-equiv" not in shown
    assert "sao-kê.xlsx" in client.get(PATH).text
    assert press(client, page, "hoan-tac") == 303
    work_off()
    assert "đã hoàn tác" in client.get(page).text
    acts = db.session.scalars(sa.select(AuditEvent.action).where(AuditEvent.action.startswith("statement_")))
    assert sorted(acts) == ["statement_applying", "statement_undoing", "statement_uploaded"]


def test_who_uploads_much_sees_that_somebody_else_presses(client):
    sign_in(client, make_user(role=Role.FINANCE))
    page = send(client, money_in(make_payee()[1], (FOUR_EYES_VND + 1, "FT1", "x")))
    shown = client.get(page).text
    assert "cần người khác trong phòng tài chính bấm ghi" in shown and "Ghi sổ các khoản mới" not in shown
    assert press(client, page, "ghi-so") == 403
    other = client.application.test_client()
    sign_in(other, make_user(role=Role.FINANCE))
    assert "Ghi sổ các khoản mới" in other.get(page).text
    assert press(other, page, "ghi-so") == 303


def test_bad_cells_are_shown_by_row_and_column(client):
    sign_in(client, make_user(role=Role.FINANCE))
    page = send(client, xlsx([(1, "hom qua", "A", "", "1x", "")]), own_account="0011 0123 4567")
    shown = client.get(page).text
    assert "không đọc được ngày" in shown and "không phải số tiền" in shown
    assert press(client, page, "bo") == 303
    assert "đã bỏ" in client.get(PATH).text


@pytest.mark.parametrize(
    ("data", "words"), [(b"", "Tệp trống"), (b"abc", "Không thấy hàng tiêu đề"), (b"PK", "bị hỏng")]
)
def test_a_file_of_no_use_says_why_on_the_same_page(client, data, words):
    sign_in(client, make_user(role=Role.FINANCE))
    assert words in send(client, data)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StatementImport)) == 0


def test_a_statement_may_be_longer_than_other_forms_but_not_endless(client):
    sign_in(client, make_user(role=Role.FINANCE))
    assert "quá nhiều dòng" in send(client, b"x\n" * (readers.MAX_BYTES // 2))
    endless = client.post(PATH, data=b"x" * (readers.MAX_BYTES + 2**20), content_type="multipart/form-data; boundary=a")
    assert endless.status_code == 413


def test_a_page_of_nothing_and_a_kind_of_nothing(client):
    sign_in(client, make_user(role=Role.FINANCE))
    assert client.get(f"{PATH}/00000000-0000-0000-0000-000000000001").status_code == 404
    page = send(client, money_in("0011012345678", (1_000, "A", "x")))
    assert client.get(f"{page}?loai=x").status_code == 422
    assert client.get(f"{page}?loai=new").status_code == 200
    assert client.get(f"{page}?cursor=x").status_code == 422


def test_long_lists_are_turned_by_pages(client):
    sign_in(client, make_user(role=Role.FINANCE))
    page = send(client, money_in("0011012345678", *((1_000, f"FT{at}", "x") for at in range(60))))
    first = client.get(page).text
    assert "FT49" in first and "FT50" not in first
    following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    assert "FT50" in client.get(following).text


def test_auditors_read_and_others_stay_out(client):
    sign_in(client, make_user(role=Role.FINANCE))
    page = send(client, money_in("0011012345678", (1_000, "A", "x")))
    client.post("/dang-xuat")
    guest = client.application.test_client()
    assert guest.get(PATH).status_code in (302, 401)
    auditor = client.application.test_client()
    sign_in(auditor, make_user(role=Role.AUDITOR))
    shown = auditor.get(page)
    assert shown.status_code == 200 and "Ghi sổ các khoản mới" not in shown.text
    assert 'type="file"' not in auditor.get(PATH).text
    token = auditor.get("/").text.split('name="csrf_token" value="')
    data = {"csrf_token": token[1].split('"')[0]} if len(token) > 1 else {}
    for path in (PATH, f"{page}/ghi-so", f"{page}/bo", f"{page}/hoan-tac"):
        assert auditor.post(path, data=data).status_code in (400, 403)
    member = client.application.test_client()
    sign_in(member, make_user(role=Role.TEAM_MEMBER, areas=["05503-01"]))
    assert member.get(PATH).status_code == member.get(page).status_code == 403
