"""The team's work in words."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext as _

from .models import CheckStatus, Difference, Done, FieldSign, SignKind


def done() -> list[tuple[Done, str]]:
    """What may have been done on a visit, in the order of the form."""
    return [
        (Done.APP_INSTALLED, _("Cài ứng dụng")),
        (Done.SHOP_OPENED, _("Mở gian hàng")),
        (Done.PAYMENT_ACCOUNT, _("Mở tài khoản nhận tiền")),
        (Done.LESSON, _("Dạy cách dùng")),
        (Done.NOBODY_HOME, _("Đến mà không ai ở nhà")),
        (Done.OTHER, _("Việc khác")),
    ]


def done_in_words(chosen: list[str]) -> str:
    """What was done, as one line."""
    return ", ".join(str(words) for one, words in done() if one in chosen)


def difference(name: str) -> str:
    """What a second visit found otherwise."""
    words: dict[Difference, str] = {
        Difference.NAME: _("Họ tên chủ hộ không khớp"),
        Difference.BIRTH_YEAR: _("Năm sinh không khớp"),
        Difference.PHONE: _("Số điện thoại không khớp"),
        Difference.UNREACHABLE: _("Gọi điện không được"),
        Difference.NOT_VISITED: _("Hộ nói chưa có ai đến nhà"),
    }
    return words[Difference(name)]


def check_status(name: str) -> tuple[str, str]:
    """Where a back-check stands, and its tone."""
    return {
        CheckStatus.OPEN: (_("Đang chờ kiểm tra"), ""),
        CheckStatus.SAME: (_("Khớp"), "good"),
        CheckStatus.DIFFERS: (_("Có chỗ khác"), "warn"),
        CheckStatus.SOUND: (_("Đã xem, hồ sơ đúng"), "good"),
        CheckStatus.WRONG: (_("Đã xem, hồ sơ sai"), "bad"),
    }[CheckStatus(name)]


def sign(one: FieldSign) -> tuple[str, str]:
    """What a sign is called, and why it was noted."""
    figures = one.figures
    return {
        SignKind.FAST: lambda: (
            _("Đăng ký quá nhanh"),
            _("%(households)s hộ trong %(minutes)s phút. Mỗi hộ thường mất chừng năm phút.", **figures),
        ),
        SignKind.HASTY: lambda: (
            _("Điền phiếu quá vội"),
            _("%(households)s phiếu điền xong trong chưa đầy %(seconds)s giây.", **figures),
        ),
        SignKind.SAME_POINT: lambda: (
            _("Nhiều hộ cùng một chỗ"),
            _("%(households)s hộ đăng ký tại cùng một điểm (số xóm: %(hamlets)s). Có thể là ở lớp học.", **figures),
        ),
        SignKind.FAR_AWAY: lambda: (
            _("Ở xa xóm"),
            _("%(households)s hộ đăng ký ở nơi cách xóm đến %(kilometres)s km.", **figures),
        ),
        SignKind.LEAP: lambda: (
            _("Đi quá nhanh"),
            _("Hai hộ cách nhau %(kilometres)s km mà chỉ cách nhau %(minutes)s phút.", **figures),
        ),
    }[SignKind(one.kind)]()


def due(on: date, today: date) -> tuple[str, str]:
    """When a household is to be visited, and its tone."""
    days = (on - today).days
    if days < 0:
        return _("Quá hẹn %(n)s ngày", n=-days), "bad"
    if days == 0:
        return _("Hôm nay"), "warn"
    return _("Còn %(n)s ngày", n=days), ""
