"""How the registry's words are shown to people."""

from __future__ import annotations

import json

from flask_babel import gettext as _

from app.core.phones import national
from app.payments.vietqr.banks import bank_by_bin

from .models import How, PovertyClass, Purpose, Status
from .people import Field, SalesAccount


def purposes() -> list[tuple[Purpose, str, str]]:
    """Each purpose with its short name and the sentence that is read aloud."""
    return [
        (Purpose.SELLING, _("Mở gian hàng"), _("Bày hàng của gia đình lên Chợ Phiên và nhận tiền bán hàng.")),
        (Purpose.SYNDICATION, _("Đăng lên sàn khác"), _("Đưa cả hàng lên Postmart, Voso và các sàn tương tự.")),
        (Purpose.CONTACT, _("Liên hệ"), _("Xã, tổ công nghệ nhắn tin, gọi điện khi có việc cần.")),
        (Purpose.GIFT_PAGE, _("Trang ủng hộ"), _("Đưa hoàn cảnh lên trang ủng hộ: chỉ có mã, xã và hoàn cảnh.")),
        (
            Purpose.DIRECT_GIFT,
            _("Ủng hộ thẳng tài khoản"),
            _("Cho quét mã chuyển thẳng. Người ủng hộ sẽ thấy tên chủ tài khoản trong ứng dụng ngân hàng."),
        ),
    ]


def ways() -> list[tuple[How, str]]:
    """How a consent can be given on the doorstep."""
    return [(How.SPOKEN, _("Bà con nói đồng ý")), (How.SIGNED, _("Bà con ký giấy"))]


def status(value: str) -> tuple[str, str]:
    """(words, tone) of a step."""
    return {
        Status.SUBMITTED: (_("Chờ duyệt"), "warn"),
        Status.RETURNED: (_("Cần sửa"), "bad"),
        Status.VERIFIED: (_("Đã duyệt"), "good"),
        Status.MERGED: (_("Đã gộp"), "plain"),
        Status.ERASED: (_("Đã xóa dữ liệu"), "plain"),
    }[Status(value)]


def poverty(value: str) -> str:
    """The class in words."""
    classes: dict[PovertyClass, str] = {PovertyClass.POOR: _("Hộ nghèo"), PovertyClass.NEAR_POOR: _("Hộ cận nghèo")}
    return classes[PovertyClass(value)]


def sealed_fields() -> list[tuple[Field, str]]:
    """The fields that can be shown in full, with their names."""
    return [
        (Field.HEAD_NAME, _("Họ tên chủ hộ")),
        (Field.CITIZEN_ID, _("Số căn cước")),
        (Field.PHONE, _("Điện thoại")),
        (Field.ADDRESS, _("Địa chỉ")),
        (Field.SALES_ACCOUNT, _("Tài khoản bán hàng")),
    ]


def plain(field: Field, value: str | None) -> str:
    """A field in full as people write it."""
    if value is None:
        return str(_("Chưa có"))
    if field == Field.PHONE:
        return national(value)
    if field == Field.SALES_ACCOUNT:
        account = SalesAccount(**json.loads(value))
        bank = bank_by_bin(account.bin)
        return f"{bank.short_name if bank else account.bin}, {account.number}, {account.holder}"
    return value
