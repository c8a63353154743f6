"""Why something can't be listed for a household, or a household's word can't be taken."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import AppError, BadInput, Conflict, Forbidden, NotFound


class NoSuchListing(NotFound):
    """None, or not in reach."""

    code = "no_such_listing"

    def __init__(self) -> None:
        super().__init__(_("Không tìm thấy món nhờ đăng này."))


class ShopNotReady(Conflict):
    """The household has no shop, or it is closed or held."""

    code = "shop_not_ready"

    def __init__(self) -> None:
        super().__init__(_("Gian hàng của hộ chưa mở hoặc đang tạm nghỉ. Mở gian hàng rồi mới đăng bán được."))


class NobodyToAsk(Conflict):
    """No phone that a code could be sent to."""

    code = "nobody_to_ask"

    def __init__(self) -> None:
        super().__init__(
            _(
                "Hộ chưa có số điện thoại để nhận mã. Nhờ hộ đồng ý liên hệ qua một người tin cậy, ghi số của người ấy "
                "vào hồ sơ, rồi đăng bán."
            )
        )


class OwnPhone(Conflict):
    """The only phone is the member's own: they would say yes to themselves."""

    code = "own_phone"

    def __init__(self) -> None:
        super().__init__(
            _(
                "Số điện thoại của hộ lại là số của chính bạn, nên bạn không thể tự đồng ý thay hộ. Ghi thêm người "
                "liên hệ khác, hoặc nhờ người khác trong tổ đăng giúp."
            )
        )


class OwnListing(Forbidden):
    """Who wrote it down can't be the one who says yes, even when they speak for the household."""

    code = "own_listing"

    def __init__(self) -> None:
        super().__init__(_("Bạn là người ghi món này, nên người khác trong nhà phải xem và trả lời."))


class WaitsAlready(Conflict):
    """The same thing waits for the household's word."""

    code = "waits_already"

    def __init__(self) -> None:
        sentence = _("Món này đang chờ nhà trả lời rồi. Xem ở danh sách bên dưới.")
        super().__init__(sentence, errors={"name": [sentence]})


class SoldAlready(Conflict):
    """The shop has a product of this name."""

    code = "sold_already"

    def __init__(self) -> None:
        sentence = _("Gian hàng đã có món tên này rồi.")
        super().__init__(sentence, errors={"name": [sentence]})


class OtherContent(Conflict):
    """The id was used for something else."""

    code = "listing_differs"

    def __init__(self) -> None:
        super().__init__(_("Món này đã gửi rồi với nội dung khác. Tải lại trang rồi ghi lại nhé."))


class TooManyListings(AppError):
    """The household or the member has had enough for a day."""

    status, code = 429, "too_many_listings"

    def __init__(self) -> None:
        super().__init__(_("Hôm nay đã gửi nhiều tin nhắn rồi. Mai đăng tiếp nhé."))


class TooManySends(AppError):
    """The code was sent as often as it may be."""

    status, code = 429, "too_many_sends"

    def __init__(self) -> None:
        super().__init__(_("Mã của món này đã gửi đủ số lần. Rút lại rồi ghi lại nếu cần."))


class WrongCode(BadInput):
    """No such listing, or these are not its six digits; said alike."""

    code = "wrong_code"

    def __init__(self) -> None:
        sentence = _("Mã chưa đúng. Xem lại tin nhắn, mã gồm 6 chữ số.")
        super().__init__(sentence, errors={"ma": [sentence]})


class CodeLocked(AppError):
    """Five wrong tries: these digits open nothing any more."""

    status, code = 429, "code_locked"

    def __init__(self) -> None:
        sentence = _("Đã nhập sai 5 lần nên mã bị khóa. Nhờ người ghi giúp gửi mã mới, hoặc đăng nhập để trả lời.")
        super().__init__(sentence, errors={"ma": [sentence]})


class ListingExpired(Conflict):
    """Nobody answered within the days."""

    code = "listing_expired"

    def __init__(self) -> None:
        super().__init__(
            _("Mã đã hết hạn. Món này không được bày bán. Nhờ người ghi giúp ghi lại nếu nhà vẫn muốn bán.")
        )


class AlreadyDecided(Conflict):
    """It was answered otherwise, or taken back."""

    code = "already_decided"

    def __init__(self) -> None:
        super().__init__(_("Món này đã có câu trả lời rồi, hoặc người ghi đã rút lại."))


class TooLateToUndo(Conflict):
    """The days for taking it back by code are over."""

    code = "too_late_to_undo"

    def __init__(self) -> None:
        super().__init__(_("Đã quá 7 ngày. Muốn thôi bán, bấm Báo hết ở gian hàng của mình."))
