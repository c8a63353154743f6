"""Money that stands still: what each room says waits too long, whose job it is, and where it is settled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import url_for
from flask_babel import gettext as _

from app.core.clock import Clock
from app.core.waiting import Queue, Waiting
from app.market.orders import queries as orders
from app.payments.bank import queries as bank
from app.payments.card_payouts import queries as card_payouts
from app.payments.cards import queries as cards
from app.payments.desk import queries as desk
from app.payments.payouts import queries as payouts
from app.payments.refunds import queries as refunds
from app.payments.requests import queries as requests
from app.payments.statements import queries as statements

SHOWN = 20


@dataclass(frozen=True)
class Group:
    """Money stuck in one way. `owner` is who settles it; `button` and `link` lead there, where there is a page."""

    title: str
    body: str
    owner: str
    found: Queue
    button: str = ""
    link: Callable[[Waiting], str] | None = None
    again: str = ""  # which of `stuck_pages.AGAIN` tries once more


def groups(*, clock: Clock) -> Sequence[Group]:
    """What is stuck now, one query each; groups with nothing in them are left out."""
    now = clock.now()

    def ago(**time: float) -> datetime:
        return now - timedelta(**time)

    finance, engineer = _("Cán bộ tài chính"), _("Người trực kỹ thuật")
    everything = (
        Group(
            _("Tiền treo quá một ngày"),
            _("Tiền đã về nhưng chưa biết của khoản nào."),
            finance,
            desk.waiting_since(ago(days=1), limit=SHOWN),
            _("Xử lý tiền treo"),
            lambda item: url_for("desk.item", notice_id=item.id),
        ),
        Group(
            _("Hết hạn khi mới trả một phần"),
            _("Phần đã trả nằm ở tài khoản người nhận. Xin trả nốt, hoặc nhờ người nhận chuyển trả."),
            finance,
            requests.kept_parts(limit=SHOWN),
            _("Xem khoản trả thiếu"),
            lambda item: url_for("kept.show", code=item.name),
        ),
        Group(
            _("Tiền thẻ treo quá một ngày"),
            _("Thẻ đã bị trừ tiền mà khoản đó không nhận nữa. Xem lại, rồi hoàn ở trang quản trị của cổng thẻ."),
            finance,
            cards.stray(ago(days=1), limit=SHOWN),
            _("Xem tiền treo"),
            lambda _item: url_for("desk.suspense"),
        ),
        Group(
            _("Hoàn tiền chưa có trả lời"),
            _("Đã hỏi cổng thẻ hơn một giờ mà chưa rõ tiền có đi không."),
            finance,
            refunds.never_answered(ago(hours=1), limit=SHOWN),
            _("Mở khoản hoàn"),
            lambda item: url_for("refunds.show", refund_id=item.id),
        ),
        Group(
            _("Hoàn tiền chờ chuyển khoản"),
            _("Đã quyết định chuyển khoản hơn một ngày mà chưa ai chuyển."),
            finance,
            refunds.never_transferred(ago(days=1), limit=SHOWN),
            _("Mở khoản hoàn"),
            lambda item: url_for("refunds.show", refund_id=item.id),
        ),
        Group(
            _("Cổng thẻ đã hoàn mà ở đây không ai yêu cầu"),
            _("Có người hoàn ở trang quản trị của cổng thẻ, nhưng sổ vẫn ghi tiền cho người bán. Đừng hoàn lại nữa."),
            finance,
            cards.unexplained_returns(limit=SHOWN),
            _("Xem khoản trả"),
            lambda item: url_for("refunds.overview", ma=item.name),
        ),
        Group(
            _("Đợt cổng thẻ trả không khớp"),
            _("Có dòng không khớp sổ, hoặc tổng các dòng khác số tiền của đợt."),
            finance,
            card_payouts.with_differences(limit=SHOWN),
            _("Mở đợt này"),
            lambda item: url_for("card_payouts.show", payout_id=item.id, lech=1),
        ),
        Group(
            _("Tiền cổng thẻ chưa về"),
            _("Quá ngày cổng thẻ hẹn ba ngày mà đợt này chưa ghi sổ được."),
            finance,
            card_payouts.overdue(limit=SHOWN, clock=clock),
            _("Mở đợt này"),
            lambda item: url_for("card_payouts.show", payout_id=item.id),
        ),
        Group(
            _("Thẻ đã trả mà chưa nằm trong đợt nào"),
            _("Thẻ trả hơn bảy ngày mà cổng thẻ chưa gom tiền về."),
            finance,
            card_payouts.charges_in_no_payout(limit=SHOWN, clock=clock),
            _("Xem các đợt"),
            lambda _item: url_for("card_payouts.overview"),
        ),
        Group(
            _("Chi trả chưa được xác nhận"),
            _("Đã duyệt hoặc đã gửi hơn hai ngày mà ngân hàng chưa trả lời hết."),
            finance,
            payouts.unconfirmed(ago(days=2), limit=SHOWN),
            _("Mở đợt chi trả"),
            lambda item: url_for("payouts.show", batch_id=item.id),
        ),
        Group(
            _("Khoản chi bị trả lại mà đợt chi chưa ghi"),
            _("Sao kê nói tiền chi đã quay về, nhưng ở đợt chi chưa ai ghi là bị trả lại. Người nhận đang chờ."),
            finance,
            statements.returned_payouts(limit=SHOWN),
            _("Mở khoản chi"),
            lambda item: url_for("payouts.payout", payout_id=item.id),
        ),
        Group(
            _("Sao kê đang ghi dở"),
            _("Tệp sao kê đứng yên hơn mười lăm phút."),
            finance,
            statements.standing_still(ago(minutes=15), limit=SHOWN),
            _("Mở sao kê"),
            lambda item: url_for("statements.show", import_id=item.id),
        ),
        Group(
            _("Tin ngân hàng chưa đọc được"),
            _("Tin sai mẫu nên máy bỏ qua; tiền có thể đã về."),
            finance,
            statements.unread_items(limit=SHOWN),
            _("Xem tin"),
            lambda _item: url_for("statements.overview"),
        ),
        Group(
            _("Đơn đã trả tiền, người bán chưa được báo"),
            _("Tiền đã trả hơn hai ngày. Gọi cho người bán để hàng được gửi đi."),
            _("Cán bộ tỉnh"),
            orders.seller_untold(ago(days=2), limit=SHOWN),
        ),
        Group(
            _("Tiền giữ trên thẻ sắp hết hạn"),
            _("Giữ hơn năm ngày mà người bán chưa xác nhận. Quá bảy ngày thì ngân hàng trả lại người mua."),
            finance,
            cards.held_long(ago(days=5), limit=SHOWN),
            _("Xem khoản trả"),
            lambda item: url_for("requests.pay", code=item.name),
        ),
        Group(
            _("Thẻ chưa rõ kết quả"),
            _("Cổng thẻ chưa trả lời hơn một giờ; máy vẫn hỏi lại mỗi phút."),
            engineer,
            cards.never_answered(ago(hours=1), limit=SHOWN),
            _("Xem khoản trả"),
            lambda item: url_for("requests.pay", code=item.name),
        ),
        Group(
            _("Yêu cầu trả tiền quá hạn chưa đóng"),
            _("Hết hạn hơn mười lăm phút mà máy chưa đóng."),
            engineer,
            requests.open_past_expiry(ago(minutes=15), limit=SHOWN),
            _("Xem khoản trả"),
            lambda item: url_for("requests.pay", code=item.name),
        ),
        Group(
            _("Báo có của ngân hàng chưa ghi sổ"),
            _("Tin đến hơn mười phút; máy vẫn thử lại mỗi phút."),
            engineer,
            bank.unhandled(ago(minutes=10), limit=SHOWN),
            again="bao-co",
        ),
        Group(
            _("Tin của cổng thẻ chưa ghi sổ"),
            _("Tin đến hơn mười phút; máy vẫn thử lại mỗi phút."),
            engineer,
            cards.unhandled_events(ago(minutes=10), limit=SHOWN),
            again="tin-the",
        ),
    )
    return [group for group in everything if group.found.count]
