"""What can go wrong with test transfers."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.errors import Conflict


class ProbesSpent(Conflict):
    """The day's test transfers of this allowance are used up."""

    status, code = 429, "probes_spent"

    def __init__(self, allowed: int) -> None:
        super().__init__(_("Hôm nay xã đã xin chuyển thử đủ %(n)d tài khoản. Mai làm tiếp nhé.", n=allowed))


class ProbeGone(Conflict):
    """The test transfer left the house: only the bank's word counts now."""

    code = "probe_gone"

    def __init__(self) -> None:
        super().__init__(_("Khoản thử đã vào đợt gửi ngân hàng. Chờ ngân hàng trả lời nhé."))


class NothingToProbe(Conflict):
    """No account waits for a test transfer that can go today."""

    code = "nothing_to_probe"

    def __init__(self) -> None:
        super().__init__(_("Không có tài khoản nào chờ chuyển thử lúc này."))
