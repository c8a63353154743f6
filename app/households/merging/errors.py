"""What can go wrong when two records of one household are made one."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _

from app.core.errors import Conflict, Forbidden, NotFound


class NoSuchMerge(NotFound):
    """No merge with this id that this person may see."""

    code = "merge_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không tìm thấy lần gộp này trong địa bàn của bạn."))


class OwnProposal(Forbidden):
    """Whoever asked for a merge cannot confirm it."""

    code = "confirmer_is_proposer"

    def __init__(self) -> None:
        super().__init__(_("Người đề nghị gộp không tự xác nhận được. Nhờ một cán bộ khác của xã."))


class CannotMerge(Conflict):
    """Something has to be settled first; each reason says what to do."""

    code = "merge_refused"

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons), reasons=list(reasons))


class MergeDecided(Conflict):
    """The merge is not at the step where this can be done."""

    code = "merge_wrong_step"

    def __init__(self) -> None:
        super().__init__(_("Lần gộp này vừa được xử lý ở bước khác. Tải lại trang để xem bước mới nhất."))


class OtherMerge(Conflict):
    """The id was used for another merge, or the record is in one already."""

    code = "merge_exists"

    def __init__(self) -> None:
        super().__init__(_("Hộ này đang có một đề nghị gộp khác. Xử lý đề nghị đó trước."))


class RecordsMoved(Conflict):
    """One of the records changed since the merge was proposed."""

    code = "merge_outdated"

    def __init__(self) -> None:
        super().__init__(_("Một trong hai hồ sơ đã thay đổi sau khi đề nghị. Bỏ đề nghị này và đề nghị gộp lại."))


class CannotUndo(Conflict):
    """The merge cannot be taken back any more."""

    code = "merge_final"

    def __init__(self, why: str) -> None:
        super().__init__(why)
