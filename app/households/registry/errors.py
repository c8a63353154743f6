"""What can go wrong with households."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import AppError, BadInput, Conflict, Forbidden, NotFound


class BadHousehold(BadInput):
    """Fields of a registration that cannot be; all of them at once."""

    code = "invalid_household"

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(_("Còn chỗ chưa đúng. Bà con xem lại các ô được đánh dấu."), errors=errors)


class NoSuchHousehold(NotFound):
    """Nothing with this code that this person may see."""

    code = "household_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không tìm thấy hộ này trong địa bàn của bạn."))


class HouseholdKnown(Conflict):
    """The citizen's number is registered already. Says nothing about where, when or by whom."""

    code = "household_already_registered"

    def __init__(self) -> None:
        words = _("Số căn cước này đã được đăng ký. Nếu thấy nhầm, hãy nhờ cán bộ xã kiểm tra giúp.")
        super().__init__(words, errors={"citizen_id": [words]})


class OtherContent(Conflict):
    """The same client_id came with other content: a person must decide which is right."""

    code = "household_conflict"

    def __init__(self) -> None:
        super().__init__(_("Phiếu này đã gửi trước đó với nội dung khác. Mở lại phiếu đã gửi để so sánh nhé."))


class OutsideArea(Forbidden):
    """The hamlet or commune is somebody else's."""

    code = "outside_area"

    def __init__(self) -> None:
        super().__init__(_("Địa bàn này do người khác phụ trách."))


class NotAnOfficer(Forbidden):
    """Only an officer of the household's commune may do this."""

    code = "commune_officer_needed"

    def __init__(self) -> None:
        super().__init__(_("Việc này dành cho cán bộ của xã nơi hộ sinh sống."))


class OwnWork(Forbidden):
    """Whoever registered a household cannot verify it."""

    code = "verifier_is_registrar"

    def __init__(self) -> None:
        super().__init__(_("Người đăng ký không tự duyệt được. Nhờ một cán bộ khác của xã duyệt giúp."))


class WrongStep(AppError):
    """The registration is not at the step where this can be done."""

    status, code = 409, "household_wrong_step"

    def __init__(self) -> None:
        super().__init__(_("Hồ sơ này vừa được xử lý ở bước khác. Tải lại trang để xem bước mới nhất."))
