"""Why the rules of fees and taxes stay as they are; each says what to do."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext as _

from app.core.errors import BadInput, Conflict, Forbidden, NotFound


class ChangeNotFound(NotFound):
    """No proposed change of this id."""

    code = "fee_rule_change_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không có đề nghị này."))


class BadChange(BadInput):
    """A field of the proposal can't be so."""

    code = "bad_fee_rule_change"

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence, errors={field: [sentence]})


class PastStaysPast(BadInput):
    """The change would begin on a day whose money is already reckoned."""

    code = "fee_rule_past"

    def __init__(self, earliest: date) -> None:
        sentence = _("Chọn từ ngày %(day)s trở đi; những ngày trước đã tính xong.", day=earliest.strftime("%d/%m/%Y"))
        super().__init__(sentence, errors={"starts_on": [sentence]})


class ProposalWaits(Conflict):
    """Another change of the same rule waits for its second person."""

    code = "fee_rule_change_waits"

    def __init__(self) -> None:
        super().__init__(_("Mức này đang có một đề nghị chờ duyệt. Duyệt hoặc bỏ đề nghị đó trước nhé."))


class SecondPersonNeeded(Forbidden):
    """Who proposed a change can't approve it."""

    code = "second_person_needed"

    def __init__(self) -> None:
        super().__init__(_("Bạn là người đề nghị, nên cần người khác trong phòng tài chính duyệt."))


class ChangeDecided(Conflict):
    """It was approved or dropped before."""

    code = "fee_rule_change_decided"

    def __init__(self) -> None:
        super().__init__(_("Đề nghị này đã được xử lý rồi. Tải lại trang để xem."))
