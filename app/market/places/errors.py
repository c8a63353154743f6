"""What may go wrong with markets, stalls and sales."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import BadInput, Conflict, NotFound


class MarketNotFound(NotFound):
    """No market has this code."""

    code = "market_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không tìm thấy chợ này."))


class MarketExists(Conflict):
    """The commune has a market of this name."""

    code = "market_exists"

    def __init__(self) -> None:
        super().__init__(_("Xã này đã có chợ mang tên ấy rồi."))


class MarketClosed(BadInput):
    """The market takes no stalls now."""

    code = "market_closed"

    def __init__(self) -> None:
        sentence = _("Chợ này đang đóng, chưa nhận sạp mới.")
        super().__init__(sentence, errors={"market": [sentence]})


class StallNotFound(NotFound):
    """No stall has this code."""

    code = "stall_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không có sạp mang mã này. Bà con kiểm tra lại từng ký tự nhé."))


class StallTaken(BadInput):
    """Another shop sells under this number in this market."""

    code = "stall_taken"

    def __init__(self, number: str) -> None:
        sentence = _("Sạp số %(number)s ở chợ này đã có người khác đăng ký.", number=number)
        super().__init__(sentence, errors={"number": [sentence]})


class StallLeft(Conflict):
    """The shop has left this stall; its QR is no longer for selling."""

    code = "stall_left"

    def __init__(self) -> None:
        super().__init__(_("Sạp này đã trả lại cho chợ nên không thu tiền ở đây được nữa."))


class BadStallNumber(BadInput):
    """A number needs a digit or a letter in it."""

    code = "stall_number_invalid"

    def __init__(self, longest: int) -> None:
        sentence = _("Ghi số sạp bằng chữ và số, ví dụ A12 (tối đa %(max)d ký tự).", max=longest)
        super().__init__(sentence, errors={"number": [sentence]})


class AmountOutOfRange(BadInput):
    """A sale is a whole amount within limits."""

    code = "amount_out_of_range"

    def __init__(self, most: str) -> None:
        sentence = _("Số tiền phải từ 1 đồng đến %(most)s.", most=most)
        super().__init__(sentence, errors={"amount_vnd": [sentence]})


class KeyReused(Conflict):
    """The key asked for another amount before."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(_("Lần bấm này đã dùng cho một số tiền khác. Bà con tải lại trang rồi nhập lại nhé."))
