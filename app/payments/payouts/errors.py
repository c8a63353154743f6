"""Why a payout does not go on; each says what to do."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import AppError, BadInput, Conflict, Forbidden, NotFound


class BatchNotFound(NotFound):
    """No batch of this id."""

    code = "payout_batch_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không có đợt chi trả này."))


class PayoutNotFound(NotFound):
    """No payout of this id."""

    code = "payout_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không có khoản chi trả này."))


class ResultNotFound(NotFound):
    """No result file of this id."""

    code = "payout_result_not_found"

    def __init__(self) -> None:
        super().__init__(_("Không có tệp kết quả này."))


class NothingToPay(Conflict):
    """Nobody has enough money due, or all who have are held; `held` tells how many."""

    code = "nothing_to_pay"

    def __init__(self, held: int = 0) -> None:
        words = (
            _("Lúc này chưa chi trả được cho ai: %(held)d người đang tạm giữ vì tài khoản.", held=held)
            if held
            else _("Lúc này chưa có ai đủ số tiền để chi trả.")
        )
        super().__init__(words, held=held)


class KeyReused(AppError):
    """The idempotency key made another batch."""

    status, code = 409, "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(_("Khóa này đã dùng cho một đợt chi trả khác."))


class SecondPersonNeeded(Forbidden):
    """Who made the batch may not approve it."""

    code = "second_person_needed"

    def __init__(self) -> None:
        super().__init__(_("Cần một người khác duyệt: người lập đợt không tự duyệt đợt của mình."))


class ReturnedByApprover(Forbidden):
    """Who approved the batch may not say that its payouts came back: the money would be payable again."""

    code = "payout_returned_by_approver"

    def __init__(self) -> None:
        super().__init__(
            _("Bạn đã duyệt đợt này nên không tự ghi khoản bị trả lại. Nhờ người khác trong phòng tài chính ghi nhé.")
        )


class ApproverSaidReturned(Forbidden):
    """The batch pays somebody again whose last payout came back by the approver's own word."""

    code = "payout_approver_said_returned"

    def __init__(self) -> None:
        super().__init__(
            _(
                "Trong đợt này có người bán mà chính bạn vừa ghi khoản trước bị trả lại."
                " Nhờ người khác trong phòng tài chính duyệt nhé."
            )
        )


class ArrivedByTheSame(Forbidden):
    """Who said that a payout came back may not say that it arrived after all."""

    code = "payout_arrived_by_the_same"

    def __init__(self) -> None:
        super().__init__(
            _("Chính bạn đã ghi khoản này bị trả lại. Nhờ người khác trong phòng tài chính xem và ghi lại nhé.")
        )


class MoneyElsewhere(Conflict):
    """The payout arrived after all, and its money is promised or spent; `batch` holds it, when one does."""

    code = "payout_money_elsewhere"

    def __init__(self, batch: str | None, *, sent: bool = False) -> None:
        if batch is None:
            words = _("Số tiền chờ chi của người bán không còn đủ. Xem các khoản hoàn tiền của họ trước nhé.")
        elif sent:
            words = _(
                "Tiền này đã gửi ngân hàng lần nữa trong đợt %(code)s. Nhờ ngân hàng dừng khoản đó; khi khoản đó bị"
                " trả lại thì quay lại đây ghi nhé.",
                code=batch,
            )
        else:
            words = _("Tiền này đang để dành cho đợt %(code)s. Hủy đợt đó trước rồi quay lại đây ghi nhé.", code=batch)
        super().__init__(words, batch=batch)


class NoLongerPayable(Conflict):
    """Since the draft, all its payees spent their money or changed their account."""

    code = "no_longer_payable"

    def __init__(self) -> None:
        super().__init__(_("Tiền hoặc tài khoản trong đợt này đều đã đổi. Hủy đợt này rồi lập đợt mới nhé."))


class WrongMoment(Conflict):
    """The batch or payout is at another step; `state` tells which."""

    code = "payout_wrong_moment"

    def __init__(self, state: str) -> None:
        super().__init__(
            _("Việc này không làm được ở bước hiện tại. Tải lại trang để xem đợt đang ở đâu."), state=state
        )


class AlreadyAnswered(Conflict):
    """The bank told what became of some of the batch: its file, handed in again, could pay those twice."""

    code = "payout_already_answered"

    def __init__(self) -> None:
        super().__init__(
            _(
                "Đợt này đã có kết quả nên không tải lại tệp được: nộp lại tệp có thể chi hai lần."
                " Khoản nào không đến thì ghi là bị trả lại, đợt sau sẽ chi lại."
            )
        )


class NotConfigured(Conflict):
    """The account that pays is not named in the settings."""

    code = "payout_account_not_configured"

    def __init__(self) -> None:
        super().__init__(_("Chưa khai báo tài khoản chi trả của sàn. Nhờ quản trị viên khai báo rồi tải lại."))


class BadForm(BadInput):
    """A field is not right."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence, errors={name: [sentence]})


class UnreadableResult(BadInput):
    """The file as a whole is of no use; nothing was changed. `reason` is stable."""

    code = "payout_result_unreadable"

    def __init__(self, reason: str) -> None:
        words = {
            "empty": _("Tệp trống. Chọn lại tệp kết quả của ngân hàng."),
            "too_large": _("Tệp quá lớn: tối đa 5 MB."),
            "too_many_rows": _("Tệp có quá nhiều dòng hoặc cột."),
            "broken": _("Không mở được tệp này. Tải lại tệp từ ngân hàng rồi thử lần nữa."),
            "entities": _("Tệp XML có phần khai báo không an toàn nên không được nhận."),
            "not_pain002": _("Tệp XML này không phải báo cáo pain.002 hay báo nợ, báo có camt.054."),
            "other_batch": _("Tệp này là của một đợt chi trả khác."),
            "no_header": _("Không thấy hàng tiêu đề: cần cột mã chi trả và cột trạng thái."),
            "no_rows": _("Tệp không có khoản nào của đợt này."),
            "old_excel": _("Tệp Excel kiểu cũ (.xls) chưa đọc được. Lưu lại thành .xlsx nhé."),
        }
        super().__init__(str(words[reason]), reason=reason)
