"""Pages that compose rooms: the first page, the officers' landing, and what robots may read."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, current_app, render_template, url_for
from flask_babel import gettext as _

from app.core.database import current_actor
from app.core.routes import MARK, open_to_all
from app.identity.access import requires
from app.identity.roles import Role
from app.market.catalogue.finding.queries import best

from .figures import figures

bp = Blueprint("web", __name__)

_GOODS = 8
# Pages of one person, or without end; what they say is found elsewhere or is nobody's business.
_NOT_FOR_ROBOTS = (
    "/api/",
    "/ban-hang",
    "/dang-nhap",
    "/dat-hang",
    "/dieu-hanh",
    "/don-hang",
    "/gio-hang",
    "/log/",
    "/nha-minh",
    "/tai-khoan",
    "/to-cong-nghe",
    "/tra-tien",
    "/vao/",
)


@dataclass(frozen=True)
class Door:
    """A way into an officers' room."""

    endpoint: str
    title: str
    body: str
    icon: str


@bp.get("/")
@open_to_all
def home() -> str:
    """The first page: ways in, what is new, what there is."""
    return render_template("home.html", goods=best(_GOODS), figures=figures())


@bp.get("/dieu-hanh")
@requires(Role.COMMUNE_OFFICER, Role.PROVINCE_OPERATOR, Role.FINANCE, Role.AUDITOR)
def desk() -> str:
    """Officers' rooms, as far as this officer may enter them."""
    doors = [(door, url_for(door.endpoint)) for door in _doors() if may_enter(door.endpoint)]
    return render_template("desk.html", doors=doors)


@bp.get("/robots.txt")
@open_to_all
def robots() -> Response:
    """Goods, markets and the public book are for everyone; people's own pages are not for robots."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _NOT_FOR_ROBOTS)]
    answer = Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer


def may_enter(endpoint: str) -> bool:
    """Whether the current person holds a role that the view's own mark names; False for a room not built."""
    rule = str(getattr(current_app.view_functions.get(endpoint), MARK, ""))
    kind, _colon, roles = rule.partition(":")
    return rule == "open" or (kind == "roles" and current_actor().has_role(*roles.split(",")))


def _doors() -> tuple[Door, ...]:
    return (
        Door("office.queue", _("Duyệt hộ gia đình"), _("Hộ tổ công nghệ vừa đăng ký, chờ xác nhận"), "team"),
        Door("registry.queue", _("Tìm hộ gia đình"), _("Mọi hộ trong địa bàn, theo mã, tên hoặc số"), "search"),
        Door(
            "onboarding.open_conflicts",
            _("Phiếu lệch với hồ sơ"),
            _("Phiếu từ cửa nhà và hồ sơ nói khác nhau, chờ chọn"),
            "again",
        ),
        Door("poverty.overview", _("Danh sách hộ nghèo"), _("Tải quyết định hằng năm lên, xem trước, duyệt"), "book"),
        Door("fieldwork.office", _("Tổ công nghệ"), _("Từng xóm đến đâu, ai phụ trách, kiểm tra lại"), "place"),
        Door("welfare.overview", _("An sinh"), _("Mở tài khoản nhận ủng hộ cho hộ nghèo, cận nghèo"), "give"),
        Door("own.requests", _("Yêu cầu về dữ liệu"), _("Bà con rút đồng ý, xin xóa: trả lời đúng hạn"), "info"),
        Door("people.overview", _("Người làm việc"), _("Ai được giao việc gì, ở đâu, đến bao giờ"), "person"),
        Door("province.overview", _("Toàn tỉnh"), _("Bao nhiêu hộ, bao nhiêu gian hàng, xã nào, tuần nào"), "place"),
        Door("reform.overview", _("Sắp xếp địa giới"), _("Xã, phường sáp nhập, chia tách; hộ giữ nguyên"), "place"),
        Door("overview.flows", _("Tiền vào, tiền ra"), _("Hôm nay và những ngày qua, một hình một bảng"), "book"),
        Door("desk.suspense", _("Tiền treo"), _("Tiền đã về mà chưa biết của khoản nào"), "warn"),
        Door("kept.overview", _("Trả thiếu"), _("Hết hạn khi mới nhận một phần tiền"), "warn"),
        Door("stuck.overview", _("Tiền kẹt"), _("Những khoản đứng yên quá lâu, và việc của ai"), "warn"),
        Door("statements.overview", _("Sao kê ngân hàng"), _("Dò lại khoản tiền ngân hàng chưa báo"), "book"),
        Door("payouts.overview", _("Chi trả"), _("Chuyển tiền đã thu về tài khoản người bán"), "basket"),
        Door("probes.overview", _("Chuyển thử"), _("1.000 đ xem tài khoản an sinh có nhận được không"), "ok"),
        Door("refunds.overview", _("Hoàn tiền"), _("Trả lại tiền cho người mua, toàn bộ hay một phần"), "again"),
        Door("card_payouts.overview", _("Cổng thẻ trả tiền"), _("Từng đợt cổng thẻ trả, phí, chỗ chưa khớp"), "book"),
        Door("income.office", _("Thu nhập người bán"), _("Một năm của một gian hàng, tải PDF"), "book"),
        Door("fees.declaration", _("Thuế và phí"), _("Tiền giữ lại nộp Nhà nước, theo tháng"), "book"),
        Door("ledger.accounts", _("Sổ cái"), _("Số dư và sao kê của mọi tài khoản trong sổ"), "book"),
        Door("log.book", _("Sổ công khai"), _("Các khoản ủng hộ ai cũng tra được"), "book"),
        Door("places.markets", _("Chợ phiên"), _("Chợ không dùng tiền mặt và các sạp"), "place"),
    )
