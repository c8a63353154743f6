"""Why a list of poor households is not taken, or can't go on."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import BadInput, Conflict, Forbidden, NotFound


class UnreadableList(BadInput):
    """The file as a whole can't be read; `problem` is a stable word."""

    code = "unreadable_list"

    def __init__(self, problem: str) -> None:
        sentence = {
            "empty": _("Tệp trống. Chọn lại tệp danh sách nhé."),
            "too_large": _("Tệp quá lớn. Hãy xóa hình ảnh, trang tính thừa rồi lưu lại, hoặc chia theo xã."),
            "too_many_rows": _("Danh sách quá nhiều dòng. Hãy chia thành nhiều tệp theo xã."),
            "old_excel": _("Đây là tệp Excel đời cũ (.xls). Mở ra rồi chọn Lưu thành .xlsx giúp nhé."),
            "broken": _("Tệp bị hỏng, không mở được. Hãy mở bằng bảng tính, lưu lại rồi tải lên."),
            "entities": _("Tệp có phần khai báo không an toàn nên không nhận."),
            "no_rows": _("Không thấy dòng nào trong danh sách. Danh sách phải nằm ở trang tính đầu tiên."),
        }[problem]
        super().__init__(sentence, errors={"file": [sentence]}, problem=problem)


class BadMapping(BadInput):
    """Columns or decision that cannot be, each with its sentence."""

    code = "bad_columns"

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(_("Còn chỗ chưa đúng. Xem lại các ô được đánh dấu nhé."), errors=errors)


class NoSuchImport(NotFound):
    """No such batch that this person may see."""

    code = "poverty_import_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không tìm thấy danh sách này trong địa bàn của bạn."))


class NotYours(Forbidden):
    """The area is somebody else's, or the batch was begun by somebody else."""

    code = "not_your_list"

    def __init__(self) -> None:
        super().__init__(_("Danh sách này do người khác tải lên hoặc thuộc địa bàn khác."))


class NeedsAnother(Forbidden):
    """Who brought the list does not approve it as well."""

    code = "needs_another_person"

    def __init__(self) -> None:
        super().__init__(_("Người tải danh sách không tự duyệt được. Nhờ một cán bộ khác kiểm tra rồi duyệt giúp."))


class WrongMoment(Conflict):
    """The batch is not where this can be done."""

    code = "poverty_import_wrong_step"

    def __init__(self) -> None:
        super().__init__(_("Danh sách đang ở bước khác. Tải lại trang để xem bước mới nhất."))


class MendFirst(Conflict):
    """The list is said to be whole, but some of its rows name nobody: households would lose their place by a slip."""

    code = "whole_list_has_errors"

    def __init__(self) -> None:
        super().__init__(
            _("Danh sách được ghi là đầy đủ mà còn dòng lỗi. Sửa hết dòng lỗi rồi duyệt, kẻo có hộ bị cắt nhầm.")
        )


class OneWaits(Conflict):
    """Another decision about the household waits for its second officer."""

    code = "poverty_decision_waits"

    def __init__(self) -> None:
        super().__init__(_("Hộ này đã có một quyết định chờ người thứ hai duyệt. Duyệt hoặc bỏ quyết định đó trước."))


class TakesTwo(Conflict):
    """One person does not undo what two decided about a household; a second decision does."""

    code = "takes_another_decision"

    def __init__(self) -> None:
        super().__init__(_("Quyết định của một hộ thì không hoàn tác một mình. Ghi quyết định mới ở trang của hộ."))


class NothingToDo(Conflict):
    """The list changes nothing."""

    code = "nothing_to_do"

    def __init__(self) -> None:
        super().__init__(_("Sổ đã đúng như vậy, không có gì phải ghi."))


class LaterImport(Conflict):
    """A later list was built on this one."""

    code = "later_import_stands"

    def __init__(self) -> None:
        super().__init__(_("Đã có danh sách khác ghi sau danh sách này. Hoàn tác danh sách sau trước đã."))
