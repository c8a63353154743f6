"""What can go wrong with a reform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from app.core.errors import BadInput, Conflict, Forbidden, NotFound


@dataclass(frozen=True)
class RowFault:
    """A row of the sheet that can't be, and why, in words."""

    row: int
    words: str


class BadPlan(BadInput):
    """The sheet can't be carried out; nothing was kept."""

    code = "bad_plan"

    def __init__(self, faults: Sequence[RowFault]) -> None:
        super().__init__(_("Bảng chưa dùng được. Sửa những dòng dưới đây rồi tải lên lại."))
        self.faults = tuple(faults)


class NoSuchReform(NotFound):
    """There is none."""

    code = "no_such_reform"

    def __init__(self) -> None:
        super().__init__(_("Không có đợt sắp xếp này."))


class OwnPlan(Forbidden):
    """Who planned it can't approve it."""

    code = "own_plan"

    def __init__(self) -> None:
        super().__init__(_("Người lập bảng không tự duyệt được. Nhờ một người khác."))


class AreasChanged(Conflict):
    """Another reform came first: the plan names units that are no more."""

    code = "areas_changed"

    def __init__(self) -> None:
        super().__init__(_("Địa giới đã đổi từ khi lập bảng này. Lập lại bảng mới."))
