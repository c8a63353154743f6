"""What can go wrong on the doorstep."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import AppError, BadInput, Conflict, NotFound


class NoSuchConflict(NotFound):
    """None with this id that this person may see."""

    code = "conflict_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không tìm thấy chỗ lệch này trong địa bàn của bạn."))


class NotYours(AppError):
    """The household stands in somebody else's hands: its officer settles it, or the member who sent the record."""

    status, code = 403, "conflict_of_somebody_else"

    def __init__(self) -> None:
        super().__init__(_("Chỗ lệch này để người gửi phiếu hoặc cán bộ xã chọn."))


class AlreadySettled(Conflict):
    """A person chose before."""

    code = "conflict_settled"

    def __init__(self) -> None:
        super().__init__(_("Chỗ lệch này đã có người chọn xong."))


class TooLate(Conflict):
    """The household went on since the choice."""

    code = "conflict_too_late"

    def __init__(self) -> None:
        super().__init__(_("Hồ sơ đã đi tiếp sau khi chọn nên không chọn lại ở đây được. Sửa hồ sơ như thường nhé."))


class HouseholdMoved(Conflict):
    """The household changed while the person was choosing."""

    code = "household_changed_meanwhile"

    def __init__(self) -> None:
        super().__init__(_("Hồ sơ vừa đổi thêm trong lúc bạn đang xem. Xem lại rồi chọn lần nữa nhé."))


class HouseholdGone(NotFound):
    """The household asked to be erased: nothing about it may be kept, on the phone neither."""

    code = "household_gone"

    def __init__(self) -> None:
        super().__init__(
            _("Hộ này không còn trong sổ nữa nên phiếu dừng ở đây. Thông tin trong phiếu đã được xóa khỏi máy.")
        )


class NoSuchPhoto(NotFound):
    """No record announced such a photo, or not one this person may see."""

    code = "photo_not_announced"

    def __init__(self) -> None:
        super().__init__(_("Chưa có phiếu nào báo ảnh này. Gửi phiếu trước rồi gửi ảnh nhé."))


class OtherOffset(Conflict):
    """The part does not begin where the photo stands; `received_bytes` says where that is."""

    code = "photo_other_offset"

    def __init__(self, received_bytes: int) -> None:
        super().__init__(_("Phần ảnh này không nối tiếp phần trước."), received_bytes=received_bytes)


class PhotoBroken(BadInput):
    """What came is not the picture that was announced. `received_bytes` says where to go on: 0 is from the start."""

    code = "photo_broken"

    def __init__(self, words: str, *, received_bytes: int) -> None:
        super().__init__(words, received_bytes=received_bytes)
