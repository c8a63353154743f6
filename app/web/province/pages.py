"""The province's page: how many households, by commune and week, on a map, as files."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _
from markupsafe import Markup

from app.core import charts, sheets
from app.core.clock import SYSTEM_CLOCK, in_vietnam
from app.identity.access import requires
from app.identity.roles import Role

from . import maps, queries, services

bp = Blueprint("province", __name__, template_folder="templates", url_prefix="/dieu-hanh/toan-tinh")
READERS = (Role.PROVINCE_OPERATOR, Role.AUDITOR)
WEEKS = 26
_MARKS = 4
# What the map and the table are ordered by, each a field of queries.CommuneRow.
MEASURES = ("registered", "verified", "selling", "with_account", "active_members")


@bp.get("")
@requires(*READERS)
def overview() -> str:
    """Sums, and the last half-year week by week."""
    if queries.taken_at() is None:
        services.take_counts(clock=SYSTEM_CLOCK)
    weeks = queries.weeks(last=_monday(), count=WEEKS)
    return render_template(
        "province/overview.html",
        total=queries.total(queries.communes()),
        taken_at=queries.taken_at(),
        measures=_measures(),
        chart=_chart(weeks),
        weeks=weeks,
    )


@bp.get("/xa")
@requires(*READERS)
def communes() -> str:
    """Every commune on a map and in a list, by what is chosen, the most first; without a choice by name."""
    chosen = request.args.get("theo", "")
    measure = chosen if chosen in MEASURES else MEASURES[0]
    rows = queries.communes()
    return render_template(
        "province/communes.html",
        rows=sorted(rows, key=lambda row: (-getattr(row, measure), row.name)) if chosen else rows,
        taken_at=queries.taken_at(),
        measure=measure,
        measures=_measures(),
        dots=maps.dots([(row.name, row.longitude, row.latitude, getattr(row, measure)) for row in rows]),
        box=(maps.WIDTH, maps.HEIGHT),
    )


@bp.get("/xa.<any(csv, xlsx):form>")
@requires(*READERS)
def communes_file(form: str) -> Response:
    """The communes as a file."""
    rows: list[list[sheets.Cell]] = [[row.code, row.name, *_figures(row)] for row in queries.communes()]
    return _file(form, [_("Mã xã"), _("Xã"), *_heads()], rows, "toan-tinh-theo-xa")


@bp.get("/tuan.<any(csv, xlsx):form>")
@requires(*READERS)
def weeks_file(form: str) -> Response:
    """Every commune and week as a file."""
    names = {row.code: row.name for row in queries.communes()}
    rows: list[list[sheets.Cell]] = [
        [one.commune_code, names.get(one.commune_code, ""), one.week.isoformat(),
         one.registered, one.verified, one.selling]
        for one in queries.every_week()
    ]  # fmt: skip
    heads = [_("Mã xã"), _("Xã"), _("Tuần từ"), _("Đăng ký mới"), _("Duyệt mới"), _("Mở gian hàng mới")]
    return _file(form, heads, rows, "toan-tinh-theo-tuan")


def _figures(row: queries.CommuneRow) -> list[int]:
    return [
        row.registered, row.verified, row.selling, row.eligible, row.with_account, row.members, row.active_members,
        row.visits,
    ]  # fmt: skip


def _heads() -> list[str]:
    return [
        _("Đã đăng ký"), _("Đã duyệt"), _("Đang bán"), _("Hộ nghèo, cận nghèo"), _("Có tài khoản an sinh"),
        _("Thành viên tổ"), _("Có hoạt động 30 ngày"), _("Lượt thăm 30 ngày"),
    ]  # fmt: skip


def _measures() -> dict[str, str]:
    return {
        "registered": _("Đã đăng ký"),
        "verified": _("Đã duyệt"),
        "selling": _("Đang bán"),
        "with_account": _("Có tài khoản an sinh"),
        "active_members": _("Tổ có hoạt động"),
    }


def _chart(weeks: list[queries.WeekRow]) -> Markup:
    last = len(weeks) - 1
    return charts.line_chart(
        title=_("Hộ mới từng tuần"),
        about=_("26 tuần qua: hộ đăng ký mới và gian hàng mở mới. Từng con số ở bảng dưới."),
        labels=[f"{one.week:%d/%m}" for one in weeks],
        marks=sorted({last * number // _MARKS for number in range(_MARKS + 1)}),
        lines=[
            charts.Line("in", _("Đăng ký mới"), [one.registered for one in weeks]),
            charts.Line("out", _("Mở gian hàng mới"), [one.selling for one in weeks]),
        ],
        least=1,
    )


def _monday() -> date:
    today = in_vietnam(SYSTEM_CLOCK.now()).date()
    return today - timedelta(days=today.weekday())


def _file(form: str, heads: list[str], rows: list[list[sheets.Cell]], name: str) -> Response:
    if form == "csv":
        answer = Response(sheets.as_csv(heads, rows), content_type=sheets.CSV_TYPE)
    else:
        answer = Response(sheets.as_xlsx(heads, rows, title="Toan tinh"), content_type=sheets.XLSX_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer
